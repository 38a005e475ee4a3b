//! PyPI's schemathesis, which reads our OpenAPI and sends what fits it and what does not, looking for a reply that does not fit.

use pocket_tests::{Doors, SlackProject, SlackSettings, sample};

use crate::{PYTHON, ends_well, place, root, started_by};

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing_that_the_openapi_does_not_tell() {
    let Some(python) = place(PYTHON, "schemathesis over the HTTP API") else {
        return;
    };
    let project = SlackProject::start(SlackSettings::default()).await;
    let builder = project.builder().tool(sample("echo").display().to_string().as_str());
    let pocket = builder.tool(project.get_messages()).build().await.unwrap();
    let doors = Doors::open(pocket, project.embedder.home()).await;
    let folder = tempfile::tempdir().unwrap();
    let mut client = started_by(python.with_file_name("schemathesis"));
    client
        .arg("--config-file")
        .arg(root().join("tests/clients/schemathesis.toml"))
        .args(["run", "--no-color", &doors.url("/api/openapi.json")])
        .env("POCKET_KEY", doors.key("default"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // It keeps what it found beside where it runs.
        .current_dir(folder.path());
    let said = ends_well(client).await;
    let sent = said.lines().find_map(|line| line.trim().split_once(" generated, "));
    let (sent, came_to) = sent.unwrap_or_else(|| panic!("{said}"));
    assert!(came_to.starts_with(&format!("{sent} passed")), "{said}");
    assert!(sent.parse::<u32>().unwrap() > 500, "all of it was tried: {said}");
}
