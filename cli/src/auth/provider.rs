//! All about one provider: what to register with it, which keys to set, where its token goes.

use pocket_runtime::{
    Flow, Handler, Issuer, OAuth2, Pkce, Placement, Provider, Scopes, Settings, Sure, shown_on_one_line,
};
use serde_json::{Value, json};

use crate::{
    auth::{named, providers::sure_in_words},
    failure::Failure,
    terminal::Terminal,
};

pub(super) fn provider(name: &str, settings: &Settings, terminal: &Terminal) -> Result<(), Failure> {
    let provider = named::provider(name, settings)?;
    if terminal.is_json() {
        terminal.value(&json_of(provider, settings));
        return Ok(());
    }
    let mut lines = vec![format!("{} ({})", shown_on_one_line(&provider.title), provider.name)];
    for (index, handler) in provider.handlers.iter().enumerate() {
        let default = if index == 0 && provider.handlers.len() > 1 {
            ", the default"
        } else {
            ""
        };
        let variables: Vec<&str> = handler
            .variables
            .iter()
            .map(|variable| variable.name.as_str())
            .collect();
        lines.push(format!("  {}{default}: {}", handler.name, how(handler)));
        lines.push(format!("    fills {}", variables.join(", ")));
    }
    lines.extend(hosts(provider));
    lines.push(format!(
        "  token      {}",
        provider
            .placement
            .as_ref()
            .map_or_else(|| "goes where the tool puts it".to_owned(), placement)
    ));
    lines.extend(sure(provider));
    if let Some(oauth2) = provider.handlers.iter().find_map(|handler| handler.flow.oauth2()) {
        lines.extend(facts(oauth2));
        lines.extend(to_do(provider, settings));
    }
    for note in &provider.notes {
        lines.push(format!("  note: {note}"));
    }
    terminal.data(lines.join("\n"));
    Ok(())
}

/// What a user does to sign in by a handler.
fn how(handler: &Handler) -> String {
    match &handler.flow {
        Flow::OAuth2(oauth2) if oauth2.device.is_some() => {
            "sign in on the provider's page, or by a code with `--device`".to_owned()
        }
        Flow::OAuth2(_) => "sign in on the provider's page".to_owned(),
        Flow::Device(_) => "type a code on the provider's page".to_owned(),
        Flow::ClientCredentials(_) => "nobody signs in: the app has an account of its own".to_owned(),
        Flow::Token(entry) => format!("type one secret, the {}. {}", entry.label, entry.help),
        Flow::Fields(entry) => {
            let labels: Vec<&str> = entry.fields.iter().map(|field| field.label.as_str()).collect();
            let help = entry.help.as_ref().map_or_else(String::new, |help| format!(". {help}"));
            format!("type {}{help}", labels.join(", "))
        }
        _newer => "sign in".to_owned(),
    }
}

fn hosts(provider: &Provider) -> Vec<String> {
    let servers = provider.handlers.iter().filter_map(|handler| handler.flow.oauth2());
    let own = servers.flat_map(|oauth2| &oauth2.host_fields);
    let own = own.map(|(field, pattern)| format!("{pattern} (its `{field}`, fixed at sign-in)"));
    let all: Vec<String> = provider.hosts.iter().cloned().chain(own).collect();
    if all.is_empty() {
        return vec!["  hosts      none is known: a tool reaches only what you grant it".to_owned()];
    }
    vec![format!("  hosts      {}", all.join(", "))]
}

fn placement(placement: &Placement) -> String {
    match placement {
        Placement::Header { name, prefix } if prefix.is_empty() => format!("alone in the header `{name}`"),
        Placement::Header { name, prefix } => format!("in the header `{name}`, after `{prefix}`"),
        Placement::BasicPassword => "as the password of Basic authentication".to_owned(),
        Placement::BasicUsername => "as the user name of Basic authentication, without a password".to_owned(),
        Placement::Query(name) => format!("in the query parameter `{name}`"),
        Placement::Field(name) => format!("in the field `{name}` of the body"),
    }
}

fn sure(provider: &Provider) -> Vec<String> {
    let since = match (provider.sure, &provider.checked) {
        (Sure::Operator | Sure::Changed, _) | (_, None) => String::new(),
        (_, Some(day)) => format!(", as of {day}"),
    };
    let by = match provider.sure {
        Sure::Changed => format!(": `[providers.{}]` is laid over what is built in", provider.name),
        _as_written => since,
    };
    let mut lines = vec![format!("  sure       {}{by}", sure_in_words(provider.sure))];
    if !provider.unsure.is_empty() {
        lines.push(format!("  less sure  {}", provider.unsure.join(", ")));
    }
    lines
}

fn facts(oauth2: &OAuth2) -> Vec<String> {
    let pkce = match oauth2.pkce {
        Pkce::S256 => "S256",
        Pkce::None => "none",
    };
    let mut lines = vec![format!("  PKCE       {pkce}")];
    if !oauth2.recommended_scopes.is_empty() {
        lines.push(format!(
            "  scopes     where no tool names one: {}",
            oauth2.recommended_scopes.join(" ")
        ));
    }
    if !oauth2.added_scopes.is_empty() {
        lines.push(format!("             always: {}", oauth2.added_scopes.join(" ")));
    }
    if !oauth2.asks_scopes {
        lines.push("  scopes     those of the app's own settings".to_owned());
    }
    lines
}

/// What has to be done before the first sign-in.
fn to_do(provider: &Provider, settings: &Settings) -> Vec<String> {
    let name = &provider.name;
    if settings.auth.clients.contains_key(name) {
        return vec![format!("  app        set; sign in with `pocket auth login {name}`")];
    }
    let mut lines = vec!["before the first sign-in:".to_owned()];
    match settings.auth.redirect_uri(provider) {
        Some(uri) => lines.push(format!(
            "  1. register an app with the provider; its redirect URI is {uri}"
        )),
        None => lines.push("  1. register an app with the provider".to_owned()),
    }
    lines.push("  2. write its keys into `.secrets.toml` in the project's folder:".to_owned());
    lines.push(format!("       [auth.{name}]"));
    lines.push("       client_id = \"...\"".to_owned());
    lines.push("       client_secret = \"...\"".to_owned());
    let handler = provider
        .handlers
        .iter()
        .position(|handler| handler.flow.oauth2().is_some());
    let handler = match handler.and_then(|index| provider.handlers.get(index).filter(|_handler| index > 0)) {
        Some(handler) => format!(" --handler {}", handler.name),
        None => String::new(),
    };
    lines.push(format!("  3. sign in with `pocket auth login {name}{handler}`"));
    lines
}

pub(super) fn json_of(provider: &Provider, settings: &Settings) -> Value {
    let handlers: Vec<Value> = provider.handlers.iter().map(json_of_handler).collect();
    let oauth2 = provider.handlers.iter().find_map(|handler| handler.flow.oauth2());
    json!({
        "name": provider.name,
        "title": provider.title,
        "default_handler": provider.handlers.first().map(|handler| &handler.name),
        "handlers": handlers,
        "hosts": provider.hosts,
        "placement": provider.placement.as_ref().map(json_of_placement),
        "sure": match provider.sure {
            Sure::Vendor => "vendor",
            Sure::Clients => "clients",
            Sure::Unchecked => "unchecked",
            Sure::Operator => "operator",
            Sure::Changed => "changed",
        },
        "checked": provider.checked.as_ref().filter(|_day| provider.sure != Sure::Changed),
        "unsure": provider.unsure,
        "notes": provider.notes,
        "client_is_set": oauth2.map(|_oauth2| settings.auth.clients.contains_key(&provider.name)),
        "redirect_uri": settings.auth.redirect_uri(provider),
        "oauth2": oauth2.map(json_of_oauth2),
    })
}

fn json_of_placement(placement: &Placement) -> Value {
    match placement {
        Placement::Header { name, prefix } => json!({ "header": { "name": name, "prefix": prefix } }),
        Placement::BasicPassword => json!("basic-password"),
        Placement::BasicUsername => json!("basic-username"),
        Placement::Query(name) => json!({ "query": name }),
        Placement::Field(name) => json!({ "field": name }),
    }
}

fn json_of_handler(handler: &Handler) -> Value {
    let (flow, asks) = match &handler.flow {
        Flow::OAuth2(_) => ("oauth2", Vec::new()),
        Flow::Device(_) => ("device", Vec::new()),
        Flow::ClientCredentials(_) => ("client-credentials", Vec::new()),
        Flow::Token(entry) => ("token", vec![entry.label.as_str()]),
        Flow::Fields(entry) => (
            "fields",
            entry.fields.iter().map(|field| field.label.as_str()).collect(),
        ),
        _newer => ("other", Vec::new()),
    };
    let variables: Vec<&str> = handler
        .variables
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    json!({
        "name": handler.name,
        "flow": flow,
        "typed": asks,
        "has_scopes": handler.scopes == Scopes::Asked,
        "variables": variables,
    })
}

fn json_of_oauth2(oauth2: &OAuth2) -> Value {
    let own: serde_json::Map<String, Value> = oauth2
        .host_fields
        .iter()
        .map(|(field, pattern)| (field.clone(), Value::from(pattern.to_string())))
        .collect();
    json!({
        "endpoints": oauth2.endpoints(),
        "issuer": match &oauth2.issuer {
            Issuer::Sent(issuer) | Issuer::Known(issuer) => Some(issuer),
            Issuer::Unknown => None,
        },
        "pkce": oauth2.pkce == Pkce::S256,
        "recommended_scopes": oauth2.recommended_scopes,
        "added_scopes": oauth2.added_scopes,
        "asks_scopes": oauth2.asks_scopes,
        "host_fields": own,
    })
}
