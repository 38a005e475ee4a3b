//! What can be typed after `pocket`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{
    Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use pocket_runtime::{DefinitionFormat, Rule, ToolName};

/// Runs sandboxed tools, signed in to the providers they need.
#[derive(Debug, Parser)]
#[command(name = "pocket", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// The project's folder, where `pocket.toml`, `.secrets.toml` and `pocket.lock` lie [default: the working directory]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "POCKET_PROJECT",
        hide_env_values = true
    )]
    pub(crate) project: Option<PathBuf>,
    /// Whose accounts to use [default: default]
    #[arg(long, global = true, value_name = "NAME", value_parser = profile_name)]
    pub(crate) profile: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say more of what is done
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// An empty name is what a script gives whose variable is not set: it would be one more profile.
fn profile_name(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        return Err("a profile has a name");
    }
    Ok(text.to_owned())
}

/// Providers take several scopes with white space between them, so that none of them has any.
fn scope_name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("a scope has a name");
    }
    if text.contains(char::is_whitespace) {
        return Err("no scope has white space in it");
    }
    Ok(text.to_owned())
}

fn format_word() -> impl TypedValueParser<Value = DefinitionFormat> {
    PossibleValuesParser::new(DefinitionFormat::ALL.map(DefinitionFormat::word))
        .try_map(|word| word.parse::<DefinitionFormat>())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run a tool: fetch, check, sign in if needed, run, print its output
    Run(Run),
    /// Add a tool to this project
    Add(Add),
    /// Allow what a project's files ask
    Trust(Trust),
    /// The tools of this project
    List,
    /// The tools of this project as the API of a model takes them
    Tools(Tools),
    /// Show what is new in a tool's source, and take it
    Update(Update),
    /// Remove a tool from this project
    Remove(Remove),
    /// What a tool is and what it may reach
    Inspect(Inspect),
    /// All that is wrong with a package, for its author
    Check(Folder),
    /// Sign in and out
    #[command(subcommand)]
    Auth(Auth),
    /// Serve this project's tools: to agents over MCP, to programs over HTTP
    Serve(Serve),
    /// Keys, with which programs and agents call the tools that are served
    #[command(subcommand)]
    Keys(Keys),
    /// Begin a tool of your own
    New(New),
    /// Build the tool in a folder
    Build(Folder),
    /// What stands in the way on this machine, and how to mend it
    Doctor(Doctor),
    /// What is kept to save time
    #[command(subcommand)]
    Cache(Cache),
    /// Completions for a shell
    Completions(Completions),
    /// Compile the component on stdin: what `pocket` starts for itself
    #[command(hide = true)]
    CompileForParent(CompileForParent),
    /// Bring the source that stdin names into the cache: what `pocket` starts for itself
    #[command(hide = true)]
    FetchForParent,
    /// Start such processes for a `pocket` that may start none: what it starts for itself
    #[command(hide = true)]
    StartForParent,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// A path, a git URL, or the name of a tool of this project
    pub(crate) tool: String,
    /// JSON, `@FILE`, or `-` for standard input [default: {}]
    pub(crate) input: Option<String>,
    /// Set one field of the input; VALUE is JSON, or text where it is not
    #[arg(long, value_name = "FIELD=VALUE")]
    pub(crate) set: Vec<String>,
    /// Have the kernel hold this process too: what it may read and write, and what it may ask of the system (Linux)
    #[arg(long, env = "POCKET_HARDEN", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) harden: bool,
    #[command(flatten)]
    pub(crate) sign_in: SignInWays,
    #[command(flatten)]
    pub(crate) grants: Grants,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// A path or a git URL
    pub(crate) source: String,
    /// What to call it here [default: the name in its manifest]
    #[arg(long)]
    pub(crate) name: Option<ToolName>,
    #[command(flatten)]
    pub(crate) grants: Grants,
}

/// What is granted without asking.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Grants {
    /// Let the tool send requests that this rule matches: `GET https://api.example.com/v1/*`
    #[arg(long, value_name = "RULE")]
    pub(crate) allow: Vec<Rule>,
    /// The same for a host on an inner network, or on this machine
    #[arg(long, value_name = "RULE")]
    pub(crate) allow_private: Vec<Rule>,
    /// Set an environment variable of the tool, over its manifest's
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) variable: Vec<String>,
    /// Give the tool a folder: `/data=./data`, or `/data=./data/{profile}:write`
    #[arg(long, value_name = "GUEST=FOLDER")]
    pub(crate) folder: Vec<String>,
    /// Grant the hosts it asks; with the digest that `pocket inspect` prints, all that it asks
    #[arg(long, value_name = "DIGEST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) yes: Option<String>,
}

/// How a sign-in is done.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SignInWays {
    /// Do not wait for a sign-in: end with 3 and the URL
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Do not open a browser
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Paste the address that the provider sent you to: where no browser reaches this machine
    #[arg(long, conflicts_with = "no_wait")]
    pub(crate) paste: bool,
    /// Enter a code on a page of the provider, on any device: where no browser reaches this machine
    #[arg(long, conflicts_with_all = ["no_wait", "paste"])]
    pub(crate) device: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Serve one agent, on stdin and stdout, as MCP has it
    #[arg(long, conflicts_with_all = ["listen", "public_url", "no_key"])]
    pub(crate) stdio: bool,
    /// Where to listen; port 0 is one that is free [default: 127.0.0.1:8975]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// The https URL at which others reach it, through a proxy that ends TLS
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<url::Url>,
    /// Let in whoever reaches it from this machine, without a key
    #[arg(long)]
    pub(crate) no_key: bool,
    /// Do not have the kernel hold this process: what it may read and write, and what it may ask of the system (Linux)
    #[arg(long)]
    pub(crate) no_harden: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key for a profile: it is shown once
    Create(CreateKey),
    /// The keys there are
    List,
    /// Take a key away: what it has open ends
    Revoke(RevokeKey),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CreateKey {
    /// What to call it, so that you know it again
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Only for this tool; several are given one by one [default: all tools]
    #[arg(long, value_name = "TOOL")]
    pub(crate) tool: Vec<ToolName>,
    /// One that reads `/metrics` and opens nothing else
    #[arg(long, conflicts_with = "tool")]
    pub(crate) metrics: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RevokeKey {
    /// Its id, as `pocket keys list` shows it
    pub(crate) id: pocket_server::KeyId,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Trust {
    /// The project's folder [default: this project]
    pub(crate) folder: Option<PathBuf>,
    /// Agree without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Tools {
    /// Which tools [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<ToolName>,
    /// Whose API
    #[arg(long, default_value_t = DefinitionFormat::Mcp, value_parser = format_word())]
    pub(crate) format: DefinitionFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    /// Which tool [default: all]
    pub(crate) name: Option<ToolName>,
    /// Grant the hosts it asks; with the digest that `pocket inspect` prints, all that it asks
    #[arg(long, value_name = "DIGEST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) yes: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// Which tool
    pub(crate) name: ToolName,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// A path, a git URL, or the name of a tool of this project
    pub(crate) tool: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Folder {
    /// The tool's folder
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Auth {
    /// Sign in with a provider
    Login(Login),
    /// Sign out, and tell the provider
    Logout(Logout),
    /// The accounts of all profiles, or of one
    Status,
    /// The providers there are, or all about one of them
    Providers(Providers),
    /// Write all accounts into a file, sealed with a passphrase, to move them to another store
    Export(Export),
    /// Bring the accounts of such a file into this store
    Import(Import),
    /// Renew the accounts that their provider would soon end because nobody uses them: for a timer, once a day
    Renew,
    /// Seal the token store with a new key
    Rekey(Rekey),
    /// Put the token store aside where its key is lost: everybody signs in again
    Reset(Reset),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    /// The provider: slack, github, google, ...
    pub(crate) provider: String,
    /// Ask for this scope; several are given one by one
    #[arg(long, value_parser = scope_name)]
    pub(crate) scope: Vec<String>,
    /// How: slack-oauth2, slack-token, ... [default: the provider's usual way]
    #[arg(long)]
    pub(crate) handler: Option<String>,
    /// Ask for the user's own token rather than the app's
    #[arg(long)]
    pub(crate) user_token: bool,
    /// Sign in to the account of this tool's own, as `account = "own"` in `[tools.TOOL]` gives it one
    #[arg(long, value_name = "TOOL", conflicts_with_all = ["handler", "user_token"])]
    pub(crate) tool: Option<ToolName>,
    #[command(flatten)]
    pub(crate) sign_in: SignInWays,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Providers {
    /// All about this one: the redirect URI to register, the keys to set, its scopes and hosts
    pub(crate) name: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The file to write
    pub(crate) file: PathBuf,
    /// Take the passphrase from the first line of this file rather than from the terminal
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The file that `export` wrote
    pub(crate) file: PathBuf,
    /// Take the passphrase from the first line of this file rather than from the terminal
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Write over accounts that are signed in or newer
    #[arg(long)]
    pub(crate) replace: bool,
    /// Only show what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rekey {
    /// Use the key in this file, where you keep the key: `openssl rand -base64 32` prints one
    #[arg(long, value_name = "FILE")]
    pub(crate) new_key_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Reset {
    /// Do it without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Logout {
    /// The provider
    pub(crate) provider: String,
    /// Only the account of this handler
    #[arg(long)]
    pub(crate) handler: Option<String>,
    /// The account of this tool's own, rather than the one that tools share
    #[arg(long, value_name = "TOOL")]
    pub(crate) tool: Option<ToolName>,
    /// All accounts of this profile there, those of tools of every project too
    #[arg(long, conflicts_with = "tool")]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// Name of the tool, and of its folder
    pub(crate) name: ToolName,
    /// Which of the two ways to be a tool
    #[arg(long, value_enum, default_value_t = Kind::Typed)]
    pub(crate) kind: Kind,
    /// Take the SDK from this folder rather than from Pocket's own repository
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk_path: Option<PathBuf>,
}

/// The two ways to be a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A program: input on stdin, output on stdout
    Command,
    /// A function of the SDK: input and output as Rust types
    Typed,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cache {
    /// Where it is, and how large
    Show,
    /// Delete it: all of it can be made again
    Clean,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// Harden this process as `run --harden` does, and try what it then must not be able to do (Linux)
    #[arg(long)]
    pub(crate) harden: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompileForParent {
    /// Keep the code in the cache, too
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}
