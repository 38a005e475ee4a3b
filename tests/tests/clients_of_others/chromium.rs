//! Chromium, driven by npm's playwright-core, over the pages, each of which npm's axe-core judges.

use std::fs;

use pocket_runtime::{Pocket, ToolEntry};
use pocket_server::ServerSettings;
use pocket_tests::{Doors, SlackProject, SlackSettings, binary, sample};
use serde_json::json;

use crate::{NODE, ends_well, place, root, started_by};

/// The variable that names the browser.
const CHROMIUM: &str = "POCKET_TEST_CHROMIUM";

async fn served(project: &SlackProject) -> Pocket {
    let schema = json!({
        "type": "object",
        "properties": {
            "text": { "type": "string", "description": "What to report" },
            "count": { "type": "integer", "minimum": 1, "maximum": 9 },
            "names": { "type": "array", "items": { "type": "string", "title": "Name" } },
        },
        "required": ["text"],
    });
    let about =
        json!({ "tool": { "title": "Report", "description": "Reports what it was given.", "inputSchema": schema } });
    let embedder = &project.embedder;
    let builder = project
        .builder()
        .tool(project.get_messages())
        .tool(ToolEntry::new(sample("fetch-page").display().to_string()))
        .tool(embedder.program_as("typed_report", "typed_report", about))
        .tool(embedder.program("sleep_forever"));
    builder.build().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_through_the_pages_in_a_browser() {
    let story = "the pages in a browser";
    let (Some(node_modules), Some(chromium)) = (place(NODE, story), place(CHROMIUM, story)) else {
        return;
    };
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = served(&project).await;
    let home = project.embedder.home();
    let doors = Doors::open_for(pocket.clone(), home, ServerSettings::default(), &["alice", "alice"]).await;
    // They are left for who wants to look at them.
    let target = binary().ancestors().nth(2).unwrap().to_owned();
    let pictures = target.join("pages");
    let _ = fs::remove_dir_all(&pictures);
    fs::create_dir_all(&pictures).unwrap();
    let mut client = started_by("node");
    client
        .arg(root().join("tests/clients/pages.mjs"))
        .arg(&pictures)
        .args([doors.one_time_url(0), doors.one_time_url(1)])
        .env(NODE, node_modules)
        .env(CHROMIUM, chromium);
    assert!(ends_well(client).await.contains("all is well"));
    let accounts = pocket.for_profile("alice").accounts().await.unwrap();
    assert_eq!(accounts.len(), 0, "she was signed out");
    assert_eq!(project.slack.api_calls(), 1, "one call went out, hers");
    assert_eq!(
        project.slack.tokens(),
        Vec::<String>::new(),
        "and the provider was told"
    );
    let mut pages = 0;
    for page in fs::read_dir(&pictures).unwrap() {
        let page = page.unwrap().path();
        if page.extension().is_some_and(|kind| kind == "html") {
            let text = fs::read_to_string(&page).unwrap();
            for secret in project.slack.secrets_given() {
                assert!(!text.contains(&secret), "no secret is on {}", page.display());
            }
            pages += 1;
        }
    }
    assert!(pages > 10, "they were looked at: {pages}");
}
