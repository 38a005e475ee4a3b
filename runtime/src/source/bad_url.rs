//! What is wrong with a URL.

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadUrl {
    /// It is not a URL.
    #[error("this URL cannot be read ({0})")]
    Syntax(String),
    /// Nothing is fetched so.
    #[error("a source is fetched by https, ssh or file, not by `{0}`")]
    Scheme(String),
    /// Anyone on the way could change what comes.
    #[error("plain http goes only to a literal loopback address")]
    PlainHttp,
    /// It names a host, or an owner, and no repository.
    #[error("this URL names no repository")]
    NoRepository,
    /// It has a query.
    #[error("the URL of a repository has no query")]
    Query,
    /// It is the page of a file.
    #[error("this is the page of a file, and a tool is a folder")]
    FilePage,
    /// It is a page that is not a folder's.
    #[error("this is not the page of a repository or of a folder in it")]
    OtherPage,
    /// It says twice which ref is meant.
    #[error("a URL has either `/tree/` or `#`, not both")]
    TreeAndFragment,
    /// It is a page of GitLab's; what to write instead.
    #[error("pages of GitLab's are not read")]
    GitLabPage(String),
    /// A `file` URL is for this machine.
    #[error("a file URL begins with `file:///`, with neither host nor user")]
    FileHost,
}

impl BadUrl {
    /// What would mend it.
    pub(super) fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Syntax(_) | Self::Scheme(_) | Self::NoRepository => {
                "write it as `https://github.com/org/repo`, `https://host/repo.git#<ref>:<folder>` or `ssh://git@host/repo.git`"
            }
            Self::PlainHttp => "write `https://`",
            Self::Query => "leave out the `?` and what follows it",
            Self::FilePage => "name the folder: `.../tree/<ref>/<folder>`",
            Self::OtherPage => "name the repository, or a folder in it: `.../tree/<ref>/<folder>`",
            Self::TreeAndFragment => "leave out the `#` and what follows it",
            Self::GitLabPage(instead) => return vec![format!("write `{instead}`")],
            Self::FileHost => "write `file:///path/to/repository`",
        };
        vec![hint.to_owned()]
    }
}
