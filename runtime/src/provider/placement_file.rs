//! Where in a request a token stands, as a provider file writes it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::provider::{
    Placement,
    check::{self, Fault},
};

/// A word, or a table with one key.
pub(super) enum PlacementFile {
    Header(HeaderFile),
    BasicPassword,
    BasicUsername,
    Query(String),
    Field(String),
}

/// A placement that needs more than a word: a table with one of these keys.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table with one key: `header`, `query` or `field`"
)]
struct PlacementTable {
    header: Option<HeaderFile>,
    query: Option<String>,
    field: Option<String>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table with the `name` of a header and the `prefix` of the token in it"
)]
pub(super) struct HeaderFile {
    name: String,
    #[serde(default)]
    prefix: String,
}

/// Reads either way to write a placement. As an enum it would be told in the words of a program where it is wrong.
struct PlacementVisitor;

impl<'de> Visitor<'de> for PlacementVisitor {
    type Value = PlacementFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`basic-password`, `basic-username`, or a table with one key: `header`, `query` or `field`")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<PlacementFile, E> {
        match word {
            "basic-password" => Ok(PlacementFile::BasicPassword),
            "basic-username" => Ok(PlacementFile::BasicUsername),
            // Only a table says the rest that these need.
            "header" | "query" | "field" => Err(E::custom(format!("`{word}` is the key of a table here"))),
            other => Err(E::unknown_variant(
                other,
                &["basic-password", "basic-username", "header", "query", "field"],
            )),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PlacementFile, A::Error> {
        let table = PlacementTable::deserialize(MapAccessDeserializer::new(map))?;
        match (table.header, table.query, table.field) {
            (Some(header), None, None) => Ok(PlacementFile::Header(header)),
            (None, Some(name), None) => Ok(PlacementFile::Query(name)),
            (None, None, Some(name)) => Ok(PlacementFile::Field(name)),
            _none_or_several => Err(A::Error::custom("it has one key: `header`, `query` or `field`")),
        }
    }
}

impl<'de> Deserialize<'de> for PlacementFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlacementVisitor)
    }
}

impl PlacementFile {
    pub(super) fn placement(self) -> Result<Placement, Fault> {
        Ok(match self {
            Self::Header(HeaderFile { name, prefix }) => {
                let (name, prefix) = check::token_header(&name, &prefix)?;
                Placement::Header { name, prefix }
            }
            Self::BasicPassword => Placement::BasicPassword,
            Self::BasicUsername => Placement::BasicUsername,
            Self::Query(name) => Placement::Query(check::words("placement.query", &name)?),
            Self::Field(name) => Placement::Field(check::words("placement.field", &name)?),
        })
    }
}
