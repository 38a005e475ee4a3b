//! The way from a typed function to the `invoke` of `pocket:tool/tool`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::bindings::exports::pocket::tool::tool;

/// Makes a function the tool of this component.
///
/// The function takes anything that can be deserialised and gives `Result<Output, Error>`, where the
/// output can be serialised and the error is [`Error`](crate::Error) or becomes one. It is called once in
/// the life of the component: every call of a tool gets a fresh one.
///
/// ```
/// use pocket_tool::Error;
///
/// fn run(names: Vec<String>) -> Result<String, Error> {
///     match names.split_first() {
///         Some((first, [])) => Ok(format!("Hello {first}")),
///         Some((first, rest)) => Ok(format!("Hello {first} and {} more", rest.len())),
///         None => Err(Error::invalid_input("there is nobody to greet")),
///     }
/// }
///
/// pocket_tool::export!(run);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export {
    ($run:path) => {
        const _: () = {
            struct Tool;

            impl $crate::bindings::exports::pocket::tool::tool::Guest for Tool {
                fn invoke(
                    input: ::std::string::String,
                ) -> ::std::result::Result<::std::string::String, $crate::bindings::exports::pocket::tool::tool::Error>
                {
                    $crate::answer(&input, $run)
                }
            }

    $crate::__export_typed_tool!(Tool with_types_in $crate::bindings);
        };
    };
}

/// Runs `run` on the input's JSON text and gives the output's.
#[doc(hidden)]
pub fn answer<I, O, E>(input: &str, run: impl FnOnce(I) -> Result<O, E>) -> Result<String, tool::Error>
where
    I: DeserializeOwned,
    O: Serialize,
    E: Into<Error>,
{
    let input = parse(input)?;
    let output = run(input).map_err(Into::into)?;
    let output = serde_json::to_string(&output).map_err(|e| Error::failed(format!("the output is not JSON: {e}")))?;
    Ok(output)
}

fn parse<I: DeserializeOwned>(input: &str) -> Result<I, Error> {
    let mut json = serde_json::Deserializer::from_str(input);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let path = e.path().to_string();
        let what = e.into_inner();
        Error::invalid_input(if path == "." {
            what.to_string()
        } else {
            format!("`{path}`: {what}")
        })
    })?;
    json.end().map_err(Error::invalid_input)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Input {
        messages: Vec<Message>,
    }

    #[derive(Debug, Deserialize)]
    struct Message {
        text: String,
    }

    fn texts(input: Input) -> Result<Vec<String>, Error> {
        Ok(input.messages.into_iter().map(|m| m.text).collect())
    }

    fn invalid(input: &str) -> String {
        match answer(input, texts).unwrap_err() {
            tool::Error::InvalidInput(what) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn input_and_output_are_json_texts() {
        assert_eq!(
            answer(r#"{"messages":[{"text":"a"},{"text":"b"}]}"#, texts).unwrap(),
            r#"["a","b"]"#
        );
    }

    #[test]
    fn invalid_input_names_the_place() {
        let what = invalid(r#"{"messages":[{"text":"a"},{"text":7}]}"#);
        assert!(
            what.starts_with("`messages[1].text`: invalid type: integer `7`"),
            "{what}"
        );
        let what = invalid(r#"{"messages":[{}]}"#);
        assert!(what.starts_with("`messages[0]`: missing field `text`"), "{what}");
        let what = invalid("{}");
        assert!(what.starts_with("missing field `messages`"), "{what}");
    }

    #[test]
    fn text_after_the_input_is_invalid() {
        assert!(invalid(r#"{"messages":[]} {}"#).contains("trailing characters"));
    }

    #[test]
    fn output_that_is_no_json_is_a_failure() {
        let keyed_by_list = |_: ()| Ok::<_, Error>(std::collections::BTreeMap::from([(vec![1], 2)]));
        let error = answer("null", keyed_by_list).unwrap_err();
        assert!(matches!(error, tool::Error::Failed(what) if what.starts_with("the output is not JSON: ")));
    }

    #[test]
    fn an_error_of_std_is_a_failure() {
        let error = answer("\"x\"", |text: String| text.parse::<u8>()).unwrap_err();
        assert!(matches!(error, tool::Error::Failed(what) if what == "invalid digit found in string"));
    }
}
