//! What would mend a failed sign-in or renewal.

use crate::auth::{AuthError, ScopeFault};

impl AuthError {
    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::SignInRequired { provider, .. } => vec![format!("sign in with `pocket auth login {provider}`")],
            Self::Provider(error) => error.hints(),
            Self::Store(error) => error.hints(),
            Self::Transfer(error) => error.hints(),
            Self::NoClient {
                provider,
                title,
                redirect_uri,
                typed,
            } => no_client(provider, title, redirect_uri.as_deref(), typed.as_deref()),
            Self::Denied { provider } => vec![format!(
                "begin again with `pocket auth login {provider}`, and agree on the provider's page"
            )],
            Self::SignInExpired { provider } | Self::SignInFailed { provider, .. } => {
                vec![format!("begin again with `pocket auth login {provider}`")]
            }
            Self::NoSuchSignIn => vec!["begin a new sign-in: each can be used once, and only for a while".to_owned()],
            Self::NotThisSignIn { .. } => {
                vec!["copy the whole address that the browser shows after you agreed, from `http` on".to_owned()]
            }
            Self::OtherIdentity { provider, .. } => other_identity(provider),
            Self::Typed => vec!["open the sign-in's own page and type the token there".to_owned()],
            Self::OnDevice => vec!["open the page that it names, on any device, and enter the code there".to_owned()],
            Self::NoDeviceFlow { provider } => no_device_flow(provider),
            Self::NoPerson { .. } => {
                vec!["call a tool: the token is obtained then, and again when it ends".to_owned()]
            }
            Self::Scope {
                provider,
                handler,
                fault,
                ..
            } => vec![scope_hint(provider, handler, *fault)],
            Self::NoClientSecret { provider, title } => no_client_secret(provider, title),
            Self::Busy { seconds, .. } => vec![format!("try again in {seconds} s")],
            Self::Unreachable { retry_after, .. } => vec![match retry_after {
                Some(wait) => format!("try again in {} s", wait.as_secs().max(1)),
                None => "try again when the network and the provider are up".to_owned(),
            }],
            Self::Configuration { provider, .. } => vec![format!(
                "check `client_id` and `client_secret` under `[auth.{provider}]` in `.secrets.toml` against the provider's page of the app"
            )],
            Self::Unreadable { provider, .. } => {
                vec![format!("sign out with `pocket auth logout {provider}` and in again")]
            }
            Self::NotKept { .. } => {
                vec!["make room on the disk and let this user write Pocket's data, then try again".to_owned()]
            }
            Self::Protocol { .. } | Self::CutOff { .. } => vec!["try again".to_owned()],
            Self::NotOneAccount => Vec::new(),
            Self::PortTaken { .. }
            | Self::Listen { .. }
            | Self::OperatorsCertificate { .. }
            | Self::NoPagesAt { .. }
            | Self::Locked(_)
            | Self::Certificate { .. } => self.hints_of_serving(),
        }
    }

    /// The same for what keeps the pages of sign-ins from being served.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else it is was told before")]
    fn hints_of_serving(&self) -> Vec<String> {
        match self {
            Self::PortTaken { port } => port_taken(*port),
            Self::Listen { port, .. } => vec![format!(
                "let this user open port {port} on 127.0.0.1, or set another with `port` under `[callback]` in `pocket.toml`"
            )],
            Self::OperatorsCertificate { file, .. } => vec![format!(
                "write certificate and key in PEM to that file, and let nobody else read it (`chmod 600 {}`); or take `certificate_file` out: Pocket then makes one itself",
                file.display()
            )],
            Self::NoPagesAt { .. } => vec![
                "give the address at which browsers reach them, without a query: `https://...`, or `http://127.0.0.1:<port>` on this machine".to_owned(),
            ],
            Self::Locked(held) => held.hints(),
            Self::Certificate { .. } => vec!["let this user write the folder `tls` among Pocket's data".to_owned()],
            _other => Vec::new(),
        }
    }
}

fn port_taken(port: u16) -> Vec<String> {
    vec![
        format!(
            "end the program that has port {port}, then try again; a `pocket` with another home is such a program too, which cannot end the sign-ins of this one"
        ),
        "or set another port with `port` under `[callback]` in `pocket.toml`, and register the redirect URIs with it"
            .to_owned(),
    ]
}

fn other_identity(provider: &str) -> Vec<String> {
    vec![
        format!(
            "to change whose account it is, sign out first with `pocket auth logout {provider}`, or sign in at a terminal, which asks"
        ),
        "to keep both, use two profiles: `--profile NAME`".to_owned(),
    ]
}

fn no_device_flow(provider: &str) -> Vec<String> {
    vec![
        format!(
            "leave `--device` out; where no browser reaches this machine, `pocket auth login {provider} --paste` signs in on the provider's page"
        ),
        format!("where `{provider}` has one, set its `oauth2.device` under `[providers.{provider}]` in `pocket.toml`"),
    ]
}

fn no_client_secret(provider: &str, title: &str) -> Vec<String> {
    vec![
        format!("write the `client_secret` of your app at {title} under `[auth.{provider}]` in `.secrets.toml`"),
        format!(
            "where your app is a public one that has no secret, write `oauth2.client_auth = \"none\"` under `[providers.{provider}]` in `pocket.toml`"
        ),
    ]
}

fn scope_hint(provider: &str, handler: &str, fault: ScopeFault) -> String {
    match fault {
        ScopeFault::NotNamed => {
            "compare the scopes of the tool's manifest with those that the provider's documentation names".to_owned()
        }
        ScopeFault::NotDeclared => {
            "tell the tool's author: its manifest has to name the scope under `auth.scopes`".to_owned()
        }
        ScopeFault::NotGiven => format!(
            "see at `{provider}` whether your app may have this scope and your user may give it, then sign out with `pocket auth logout {provider}` and in again"
        ),
        ScopeFault::NotAsked => {
            format!(
                "give the token this scope at `{provider}`, or type another with `pocket auth login {provider} --handler {handler}`"
            )
        }
    }
}

fn no_client(provider: &str, title: &str, redirect_uri: Option<&str>, typed: Option<&str>) -> Vec<String> {
    let mut hints = vec![
        match redirect_uri {
            Some(uri) => format!("register an app at {title} with this redirect URI: {uri}"),
            None => format!("register an app at {title}"),
        },
        format!("then write its `client_id` and `client_secret` under `[auth.{provider}]` in `.secrets.toml`"),
    ];
    if let Some(handler) = typed {
        hints.push(format!(
            "or type a token that you have: `pocket auth login {provider} --handler {handler}`"
        ));
    }
    hints
}
