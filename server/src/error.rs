//! Why a server cannot be started.

use std::{io, net::SocketAddr};

use pocket_runtime::Code;

use crate::keys::KeysError;

/// Why a server cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Another program listens there.
    #[error("another program listens at this address: {0}")]
    AddressTaken(SocketAddr),
    /// The system does not let it listen there.
    #[error("it is not possible to listen at this address: {error}: {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// Others reach the address, and nothing would keep them out.
    #[error("without keys, it may be reached only from this machine: {0}")]
    OpenToOthers(String),
    /// A URL that no one reaches it under.
    #[error("this is no URL of a server: {reason}: `{url}`")]
    PublicUrl {
        /// As written.
        url: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The keys could not be read or changed.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The connection of an agent could not be begun.
    #[error("the agent did not begin as MCP has it: {0}")]
    Agent(String),
}

impl ServerError {
    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::AddressTaken(_) | Self::Listen { .. } => Code::Internal,
            Self::OpenToOthers(_) => Code::Denied,
            Self::PublicUrl { .. } => Code::InvalidInput,
            Self::Keys(error) => error.code(),
            Self::Agent(_) => Code::InvalidInput,
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::AddressTaken(address) => vec![format!(
                "end it, or listen elsewhere: `--listen {}:0` takes a port that is free",
                address.ip()
            )],
            Self::Listen { .. } => vec!["name an address of this machine: `--listen 127.0.0.1:8975`".to_owned()],
            Self::OpenToOthers(_) => {
                vec!["leave `--no-key` out: `pocket keys create` makes a key for each who may call".to_owned()]
            }
            Self::PublicUrl { .. } => vec!["write it as `https://tools.example.com`, without a path".to_owned()],
            Self::Keys(error) => error.hints(),
            Self::Agent(_) => vec!["start it from a program that speaks MCP on stdin and stdout".to_owned()],
        }
    }
}
