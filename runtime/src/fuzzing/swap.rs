//! The swap of a placeholder on the way to the provider, and of an echo on the way back.

mod place;

use bytes::Bytes;
use http::{HeaderMap, header, request::Parts};

use self::place::{rest_of, values_at};
use crate::{
    fuzzing::{
        encodings::{stands_in, times_in},
        request_text::{Case, TOKENS, of_token},
    },
    provider::Placement,
    sandbox::fuzzed::{Guest, NotSent, Sent, prepared},
};

/// A request of a guest that has a placeholder, and the reply to it, as `request_text` reads them.
///
/// The token goes out only in the placeholder's stead, at the one place where its provider takes it, and only where the
/// placeholder alone stood there; nothing else changes on the way. Whatever of it comes back is the placeholder again, at equal
/// length.
///
/// # Panics
/// Where that does not hold.
pub fn swap(bytes: &[u8]) {
    let Some(case) = Case::read(bytes) else { return };
    let (token, prefixes) = TOKENS[case.token];
    let guest = Guest::new(token, prefixes, case.placement.clone());
    let Some((head, body)) = case.request(guest.placeholder()) else {
        return;
    };
    let Some(head) = prepared(head) else { return };
    let given = Exchanged {
        head,
        body: body.concat(),
    };
    if given.holds_any(&forms(token)) {
        // It was guessed, which a guest cannot.
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime can be made").block_on(async {
        let sent = guest.send(given.head.clone(), body, case.to_provider).await;
        let checked = Checked {
            case: &case,
            token,
            placeholder: guest.placeholder(),
            given,
        };
        match sent {
            Ok(sent) => checked.sent(&sent).await,
            Err(why) => checked.not_sent(&why),
        }
    });
}

/// A request, as one side or the other of the host sees it.
struct Exchanged {
    head: Parts,
    body: Vec<u8>,
}

impl Exchanged {
    fn holds_any(&self, forms: &[Vec<u8>]) -> bool {
        let uri = self.head.uri.to_string();
        forms.iter().any(|form| {
            let values = self.head.headers.values().map(|value| value.as_bytes());
            let method = self.head.method.as_str().as_bytes();
            stands_in(uri.as_bytes(), form)
                || stands_in(method, form)
                || values.into_iter().any(|value| stands_in(value, form))
        }) || forms.iter().any(|form| stands_in(&self.body, form))
    }

    /// How often the placeholder stands in it as it is, or in the pair of Basic authentication.
    fn times(&self, placeholder: &str) -> usize {
        let uri = self.head.uri.to_string();
        let headers = self.head.headers.values().map(|value| value.as_bytes().to_vec());
        let pairs = self.head.headers.get_all(header::AUTHORIZATION).iter();
        let pairs = pairs.filter_map(|value| place::basic(value.as_bytes()));
        let texts = headers
            .chain(pairs.map(|(user, password)| [user, password].concat()))
            .chain([uri.into_bytes(), self.body.clone()]);
        texts.map(|text| times_in(&text, placeholder.as_bytes())).sum()
    }
}

struct Checked<'a> {
    case: &'a Case<'a>,
    token: &'static str,
    placeholder: &'a str,
    given: Exchanged,
}

impl Checked<'_> {
    fn not_sent(&self, why: &NotSent) {
        if !matches!(why, NotSent::Misplaced) {
            return;
        }
        assert!(
            stands_in(self.case.request, b"{P"),
            "a request without a placeholder is refused for one"
        );
        let marks = times_in(self.case.request, b"{P");
        let at = values_at(&self.case.placement, &self.given.head, &self.given.body);
        let is_right = self.case.to_provider
            && marks == 1
            && self.given.times(self.placeholder) == 1
            && at == [self.placeholder.as_bytes()];
        assert!(!is_right, "a placeholder at its place is refused");
    }

    async fn sent(&self, sent: &Sent) {
        let out = Exchanged {
            head: sent.head.clone(),
            body: sent.body.clone(),
        };
        let place = &self.case.placement;
        let at = |exchanged: &Exchanged| values_at(place, &exchanged.head, &exchanged.body);
        let without = |exchanged: &Exchanged, place| rest_of(place, &exchanged.head, &exchanged.body);
        if sent.with_token {
            assert!(self.case.to_provider, "the token goes to another");
            assert_eq!(
                at(&self.given),
                [self.placeholder.as_bytes()],
                "it stood not alone at its place"
            );
            assert_eq!(at(&out), [self.token.as_bytes()], "the token goes to its place");
            let (before, after) = (without(&self.given, Some(place)), without(&out, Some(place)));
            assert_eq!(before, after, "something else of the request has changed");
            let forms = forms(self.token);
            assert!(!forms.iter().any(|form| stands_in(after.as_bytes(), form)), "{after}");
        } else {
            assert_eq!(without(&self.given, None), without(&out, None), "a request has changed");
            assert_eq!(out.times(self.placeholder), 0, "the placeholder goes out");
        }
        self.echoed(sent).await;
    }

    async fn echoed(&self, sent: &Sent) {
        let pieces = self.case.reply(self.placeholder);
        let reply = pieces.concat();
        let read = sent.replied(pieces).await;
        assert_eq!(read.len(), reply.len(), "a reply has another length now");
        let forms = echo_forms(self.token);
        assert!(!forms.iter().any(|form| stands_in(&read, form)), "the token comes back");
        let found: usize = forms.iter().map(|form| times_in(&reply, form)).sum();
        if found == 0 {
            assert_eq!(read, reply, "an innocent reply has changed");
        }
        if let (1, Some(at)) = (found, memchr::memmem::find(&reply, self.token.as_bytes())) {
            let mut expected = reply.clone();
            expected[at..at + self.token.len()].copy_from_slice(self.placeholder.as_bytes());
            assert_eq!(read, expected, "the placeholder is put back");
        }
        self.head_echoed(sent).await;
    }

    /// A provider may send back the very header that it got.
    async fn head_echoed(&self, sent: &Sent) {
        if !sent.with_token {
            return;
        }
        let name = match &self.case.placement {
            Placement::Header { name, .. } => name.as_str(),
            Placement::BasicPassword | Placement::BasicUsername => "authorization",
            Placement::Query(_) | Placement::Field(_) => return,
        };
        let values: Vec<_> = sent.head.headers.get_all(name).iter().cloned().collect();
        for value in values {
            let mut headers = HeaderMap::new();
            headers.insert("x-echo", value.clone());
            let in_head = sent.replied_headers(headers)["x-echo"].clone();
            let in_body = sent.replied(vec![Bytes::copy_from_slice(value.as_bytes())]).await;
            for read in [in_head.as_bytes(), &in_body] {
                assert_eq!(read.len(), value.len());
                let pair = place::basic(read).unwrap_or_default();
                let told = [read, &pair.0, &pair.1].concat();
                assert!(!stands_in(&told, self.token.as_bytes()), "the header comes back");
            }
        }
    }
}

/// In what writings a token must not be found where it does not belong.
fn forms(token: &str) -> Vec<Vec<u8>> {
    let mut forms = echo_forms(token);
    forms.extend((0..3).flat_map(|before| super::encodings::base64_after(token, before)));
    forms
}

/// In what writings a token that comes back is found.
fn echo_forms(token: &str) -> Vec<Vec<u8>> {
    let whole = of_token(token).into_iter();
    let mut forms: Vec<_> = whole
        .filter(|(name, _)| !matches!(*name, "{S<}" | "{S>}"))
        .map(|(_, form)| form)
        .collect();
    forms.sort_unstable();
    forms.dedup();
    forms
}
