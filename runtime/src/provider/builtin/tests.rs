//! Every file that comes along: its name, handlers and variables, and what holds of all of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use super::FILES;
use crate::provider::{Flow, Provider, Providers, Scopes, Secrecy, Sure};

/// Providers with one handler, in which a token is typed, and one variable: `<NAME>_TOKEN` where none is told.
const TYPED: &[&str] = &[
    "activeloop",
    "adobe",
    "affinity",
    "agentql",
    "ahrefs",
    "airtable",
    "alchemy",
    "altoviz",
    "bamboohr",
    "bitwarden",
    "brevo",
    "brex",
    "cal",
    "canvas",
    "clickup",
    "cloudflare",
    "dailybot",
    "datadog",
    "discordbot",
    "elevenlabs",
    "exa",
    "finage",
    "gumloop",
    "happyrobot",
    "heygen",
    "klaviyo",
    "lever",
    "lever_sandbox",
    "listennotes",
    "mem0",
    "microsoft_clarity",
    "neon",
    "ngrok",
    "oncehub",
    "pagerduty",
    "pandadoc",
    "pipedrive",
    "posthog",
    "ravenseotools",
    "semantic_scholar",
    "sendgrid",
    "serpapi",
    "stripe",
    "supabase",
    "tavily",
    "timekit",
    "trello",
    "wandb",
    "weaviate",
    "workiom",
    "zinc",
];

/// All others: the provider, its handlers with the default one first, and what each of them fills.
const OTHERS: &[(&str, &[(&str, &[&str])])] = &[
    ("apitoken", &[("apitoken", &["API_TOKEN"])]),
    ("asana", &[("asana-oauth2", &["ASANA_TOKEN"])]),
    ("basicauth", &[("basicauth", &["BASIC_AUTH"])]),
    ("bitbucket", &[("bitbucket-oauth2", &["BITBUCKET_TOKEN"])]),
    ("calendly", &[("calendly-oauth2", &["CALENDLY_TOKEN"])]),
    (
        "discord",
        &[
            ("discord-oauth2", &["DISCORD_TOKEN"]),
            ("discord-token", &["DISCORD_TOKEN"]),
        ],
    ),
    ("facebook", &[("facebook-oauth2", &["FACEBOOK_TOKEN"])]),
    (
        "github",
        &[
            ("github-oauth2", &["GITHUB_TOKEN"]),
            ("github-token", &["GITHUB_TOKEN"]),
        ],
    ),
    (
        "google",
        &[
            ("google-oauth2", &["GOOGLE_TOKEN"]),
            ("google-token", &["GOOGLE_TOKEN"]),
        ],
    ),
    (
        "hubspot",
        &[
            ("hubspot-oauth2", &["HUBSPOT_TOKEN"]),
            ("hubspot-token", &["HUBSPOT_TOKEN"]),
        ],
    ),
    (
        "jira",
        &[
            ("jira-oauth2", &["JIRA_TOKEN", "JIRA_CLOUD_ID", "JIRA_SITE_URL"]),
            ("jira-token", &["JIRA_TOKEN"]),
        ],
    ),
    (
        "kraken",
        &[("kraken-keypair", &["KRAKEN_API_KEY", "KRAKEN_API_SECRET"])],
    ),
    (
        "linear",
        &[
            ("linear-oauth2", &["LINEAR_TOKEN"]),
            ("linear-token", &["LINEAR_TOKEN"]),
        ],
    ),
    (
        "linkedin",
        &[
            ("linkedin-basicauth", &["LINKEDIN_BASIC_AUTH"]),
            ("linkedin-oauth2", &["LINKEDIN_TOKEN"]),
        ],
    ),
    (
        "mailchimp",
        &[(
            "mailchimp-oauth2",
            &["MAILCHIMP_TOKEN", "MAILCHIMP_API_ENDPOINT", "MAILCHIMP_DC"],
        )],
    ),
    (
        "notion",
        &[
            ("notion-oauth2", &["NOTION_TOKEN"]),
            ("notion-token", &["NOTION_TOKEN"]),
        ],
    ),
    ("reddit", &[("reddit-oauth2", &["REDDIT_BOT_TOKEN"])]),
    (
        "salesforce",
        &[("salesforce-oauth2", &["SALESFORCE_TOKEN", "SALESFORCE_INSTANCE_URL"])],
    ),
    (
        "slack",
        &[
            ("slack-oauth2", &["SLACK_BOT_TOKEN"]),
            ("slack-token", &["SLACK_BOT_TOKEN"]),
        ],
    ),
    ("spotify", &[("spotify-oauth2", &["SPOTIFY_TOKEN"])]),
    ("valyu", &[("valyu-token", &["VALYU_API_KEY"])]),
    ("x", &[("x-oauth2", &["X_AUTH_TOKEN"])]),
    ("zoom", &[("zoom-oauth2", &["ZOOM_TOKEN"])]),
];

/// The one handler that is ours alone.
const OURS: &str = "google-token";

type Handlers = Vec<(String, Vec<String>)>;

fn expected() -> BTreeMap<String, Handlers> {
    let typed = TYPED.iter().map(|name| {
        let handler = format!("{}-token", name.replace('_', "-"));
        (
            (*name).to_owned(),
            vec![(handler, vec![format!("{}_TOKEN", name.to_uppercase())])],
        )
    });
    let others = OTHERS.iter().map(|(name, handlers)| {
        let handlers = handlers.iter().map(|(handler, variables)| {
            let variables = variables.iter().map(|&variable| variable.to_owned());
            ((*handler).to_owned(), variables.collect())
        });
        ((*name).to_owned(), handlers.collect())
    });
    typed.chain(others).collect()
}

fn builtin() -> Providers {
    Providers::builtin().unwrap()
}

#[test]
fn every_file_of_the_folder_is_built_in() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/provider/files");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed: BTreeSet<String> = FILES.iter().map(|(name, _)| format!("{name}.toml")).collect();
    assert_eq!(there, listed);
}

#[test]
fn the_74_providers_and_82_handlers_have_the_names_and_variables_that_tools_already_name() {
    let providers = builtin();
    let there: BTreeMap<String, Handlers> = providers
        .iter()
        .map(|provider| {
            let handlers = provider.handlers.iter().map(|handler| {
                let variables = handler.variables.iter().map(|variable| variable.name.clone());
                (handler.name.clone(), variables.collect())
            });
            (provider.name.clone(), handlers.collect())
        })
        .collect();
    let expected = expected();
    for (name, handlers) in &expected {
        assert_eq!(there.get(name), Some(handlers), "{name}");
    }
    assert_eq!(there.len(), expected.len());
    assert_eq!(there.len(), 74);
    let handlers = there.values().flatten().filter(|(handler, _)| handler != OURS);
    assert_eq!(handlers.count(), 82);
}

#[test]
fn a_provider_is_found_in_any_case_as_manifests_write_it() {
    let providers = builtin();
    for name in ["SLACK", "Microsoft_Clarity", "semantic_scholar", "LEVER_SANDBOX", "X"] {
        assert_eq!(providers.find(name).unwrap().name, name.to_lowercase());
    }
}

#[test]
fn no_variable_is_filled_by_two_providers() {
    let providers = builtin();
    let mut by_variable: BTreeMap<&str, &str> = BTreeMap::new();
    for provider in providers.iter() {
        let names = provider.handlers.iter().flat_map(|handler| &handler.variables);
        let names: BTreeSet<&str> = names.map(|variable| variable.name.as_str()).collect();
        for name in names {
            let other = by_variable.insert(name, &provider.name);
            assert_eq!(other, None, "{name} of {}", provider.name);
        }
    }
}

#[test]
fn what_comes_along_says_how_sure_it_is_and_names_nothing_of_this_machine() {
    for provider in builtin().iter() {
        let name = &provider.name;
        assert_ne!(provider.sure, Sure::Operator, "{name}");
        assert!(provider.checked.is_some(), "{name}");
        assert!(!provider.hosts.iter().any(|host| host.contains(':')), "{name}: a port");
        for oauth2 in provider.handlers.iter().filter_map(|handler| handler.flow.oauth2()) {
            for endpoint in oauth2.endpoints() {
                assert!(
                    endpoint.starts_with("https://") && !endpoint.contains("localhost"),
                    "{endpoint}"
                );
            }
        }
        assert!(
            !(provider.hosts.is_empty() && has_no_word_of_hosts(provider)),
            "{name}: no host, and no word of it"
        );
        for handler in &provider.handlers {
            let is_secret = handler
                .variables
                .iter()
                .any(|variable| variable.secrecy == Secrecy::Secret);
            assert!(is_secret, "{}", handler.name);
        }
    }
}

/// A provider without a host says what a user has to do, or has a host for each account.
fn has_no_word_of_hosts(provider: &Provider) -> bool {
    let mut servers = provider.handlers.iter().filter_map(|handler| handler.flow.oauth2());
    let has_own = servers.any(|oauth2| !oauth2.host_fields.is_empty());
    !has_own && !provider.notes.iter().any(|note| note.contains("host"))
}

#[test]
fn a_host_is_of_one_provider_but_where_two_are_of_one_service() {
    const TWICE: &[(&str, &str)] = &[("discord.com", "discordbot")];
    let providers = builtin();
    let mut by_host: BTreeMap<&str, &str> = BTreeMap::new();
    for provider in providers.iter() {
        for host in &provider.hosts {
            if let Some(other) = by_host.insert(host, &provider.name) {
                assert!(
                    TWICE.contains(&(host, &provider.name)),
                    "{host}: {other} and {}",
                    provider.name
                );
            }
        }
    }
}

#[test]
fn what_is_typed_has_no_scopes_to_ask_for() {
    let providers = builtin();
    let typed = providers.iter().flat_map(|provider| &provider.handlers);
    let typed = typed.filter(|handler| matches!(handler.flow, Flow::Token(_) | Flow::Fields(_)));
    assert_eq!(typed.filter(|handler| handler.scopes == Scopes::None).count(), 64);
}
