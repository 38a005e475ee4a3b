//! The process of Debian's `glewlwyd`, out of the folder in which it was unpacked.

use std::{fs, path::Path};

use crate::databases::Server;

/// Its process, with its database in a folder that ends with it.
pub(crate) fn started(unpacked: &Path, port: u16, public_url: &str) -> Server {
    let folder = tempfile::Builder::new()
        .prefix("pocket-glewlwyd")
        .tempdir()
        .expect("a folder can be made");
    let database = folder.path().join("database");
    let schema = unpacked.join("usr/share/dbconfig-common/data/glewlwyd/install/sqlite3");
    let schema = fs::read_to_string(&schema).unwrap_or_else(|e| panic!("cannot read `{}`: {e}", schema.display()));
    let empty = rusqlite::Connection::open(&database).expect("a database can be made");
    empty.execute_batch(&schema).expect("its first database can be filled");
    drop(empty);
    let modules = unpacked.join("usr/lib/glewlwyd");
    // It is reached over http alone, which a cookie for https would not be.
    let settings = format!(
        r#"port = {port}
bind_address = "127.0.0.1"
external_url = "{public_url}"
login_url = "login.html"
api_prefix = "api"
log_mode = "console"
log_level = "WARNING"
cookie_secure = 0
session_key = "GLEWLWYD2_SESSION_ID"
admin_scope = "g_admin"
profile_scope = "g_profile"
user_module_path = "{modules}/user"
user_middleware_module_path = "{modules}/user_middleware"
client_module_path = "{modules}/client"
user_auth_scheme_module_path = "{modules}/scheme"
plugin_module_path = "{modules}/plugin"
hash_algorithm = "SHA512"
database = {{ type = "sqlite3" path = "{database}" }};
"#,
        modules = modules.display(),
        database = database.display(),
    );
    let file = folder.path().join("settings");
    fs::write(&file, settings).expect("its settings can be written");
    let arguments = [
        format!("LD_LIBRARY_PATH={}", libraries(unpacked)),
        unpacked.join("usr/bin/glewlwyd").display().to_string(),
        format!("--config-file={}", file.display()),
    ];
    // From here on its guard deletes it.
    Server::start(&folder.keep(), Path::new("env"), &arguments)
}

/// Where the libraries lie that came with it.
fn libraries(unpacked: &Path) -> String {
    let above = ["usr/lib", "lib"].map(|above| unpacked.join(above));
    let folders = above.iter().filter_map(|above| fs::read_dir(above).ok()).flatten();
    let places = folders.flatten().map(|entry| entry.path().display().to_string());
    let places: Vec<String> = places.filter(|path| path.contains("-linux-")).collect();
    places.join(":")
}
