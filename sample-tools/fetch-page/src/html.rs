//! What a reader would see of an HTML page, roughly.

/// The text of a page: no tags, scripts or styles, the commonest entities resolved, white space folded.
pub(crate) fn text(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        push(&mut out, &rest[..start]);
        rest = &rest[start..];
        let (tag, after) = element(rest);
        if is_block(tag) {
            out.push('\n');
        }
        rest = after;
    }
    push(&mut out, rest);
    let lines = out
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The tag that `rest` begins with, and what follows it; a script, style or comment is skipped whole.
fn element(rest: &str) -> (&str, &str) {
    if let Some(comment) = rest.strip_prefix("<!--") {
        return ("", comment.split_once("-->").map_or("", |(_, after)| after));
    }
    let Some(end) = rest.find('>') else {
        return ("", "");
    };
    let inside = rest[1..end].trim_start_matches('/');
    let name = inside
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    let after = &rest[end + 1..];
    let is_hidden = !rest.starts_with("</") && ["script", "style"].iter().any(|h| name.eq_ignore_ascii_case(h));
    if is_hidden {
        return (name, closing(after, name).map_or("", |at| &after[at..]));
    }
    (name, after)
}

/// Where the end tag of `name` begins.
fn closing(text: &str, name: &str) -> Option<usize> {
    text.match_indices("</").map(|(at, _)| at).find(|at| {
        text.get(at + 2..at + 2 + name.len())
            .is_some_and(|tag| tag.eq_ignore_ascii_case(name))
    })
}

fn is_block(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    matches!(
        tag.as_str(),
        "br" | "div"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "hr"
            | "li"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "title"
            | "tr"
            | "ul"
    )
}

fn push(out: &mut String, text: &str) {
    let text = text
        .replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    // Only tags break lines. `&amp;` goes last, or `&amp;lt;` would become a bracket.
    out.push_str(
        &text
            .replace("&#39;", "'")
            .replace("&amp;", "&")
            .replace(['\n', '\r'], " "),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_lines() {
        let page = "<!doctype html><title>Hi</title><style>p { x }</style><!-- <p>no -->\n\
                    <h1>One &amp; two</h1><p>three\n  <b>four</b> &amp;lt;</p><SCRIPT>if (a</b) {}</Script>end";
        assert_eq!(text(page), "Hi\nOne & two\nthree four &lt;\nend");
    }

    #[test]
    fn broken_html_ends() {
        for page in ["<", "<script>", "<!--", "a<b", "<style>ä</", "</"] {
            assert!(text(page).len() <= 1, "{page}");
        }
    }
}
