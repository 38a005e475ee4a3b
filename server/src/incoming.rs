//! The body of a request, which comes whole within a time or not at all.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{BoxError, body::Body, extract::Request, http::StatusCode, middleware::Next, response::Response};
use futures_util::{StreamExt as _, stream};
use pocket_runtime::Code;
use tokio::time::{Instant, timeout_at};

use crate::api::problem::Problem;

/// Has a request answered whose body comes within a time: who trickled one would keep his turn as long as he liked.
///
/// # Errors
/// When it did not, whatever was made of what had come.
pub(crate) async fn answered(longest: Duration, request: Request, next: Next) -> Result<Response, Problem> {
    let late = Arc::default();
    let reply = next.run(within(longest, request, Arc::clone(&late))).await;
    if late.load(Ordering::Relaxed) {
        let hint = format!("send it within {} s, or raise the limit", longest.as_secs_f32());
        return Err(Problem::new(Code::InvalidInput, "the body did not come in time")
            .hint(hint)
            .with_status(StatusCode::REQUEST_TIMEOUT));
    }
    Ok(reply)
}

/// The same request, whose body is an error once its time is over, and never one that is short.
fn within(longest: Duration, request: Request, late: Arc<AtomicBool>) -> Request {
    let Some(by) = Instant::now().checked_add(longest) else {
        return request;
    };
    request.map(|body| {
        let rest = Some((body.into_data_stream(), late));
        Body::from_stream(stream::unfold(rest, move |rest| async move {
            let (mut rest, late) = rest?;
            match timeout_at(by, rest.next()).await {
                Ok(None) => None,
                Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some((rest, late)))),
                Ok(Some(Err(error))) => Some((Err(BoxError::from(error)), None)),
                Err(_elapsed) => {
                    late.store(true, Ordering::Relaxed);
                    Some((Err(BoxError::from("the body did not come in time")), None))
                }
            }
        }))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::body::to_bytes;
    use bytes::Bytes;

    use super::*;

    #[tokio::test]
    async fn what_comes_in_time_comes_as_it_is() {
        let parts = stream::iter(["a", "", "bc"].map(|part| Ok::<_, BoxError>(Bytes::from(part))));
        let request = within(
            Duration::from_secs(60),
            Request::new(Body::from_stream(parts)),
            Arc::default(),
        );
        assert_eq!(to_bytes(request.into_body(), 10).await.unwrap(), "abc");
    }

    #[tokio::test]
    async fn what_does_not_come_in_time_is_an_error_and_not_a_short_body() {
        let begun = stream::iter([Ok::<_, BoxError>(Bytes::from("{}"))]).chain(stream::pending());
        let late = Arc::default();
        let request = Request::new(Body::from_stream(begun));
        let request = within(Duration::from_millis(1), request, Arc::clone(&late));
        let error = to_bytes(request.into_body(), 10).await.unwrap_err();
        assert!(error.to_string().contains("in time"), "{error}");
        assert!(late.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn what_breaks_off_is_an_error() {
        let parts = stream::iter([Ok(Bytes::from("{}")), Err(BoxError::from("reset"))]);
        let request = within(
            Duration::from_secs(60),
            Request::new(Body::from_stream(parts)),
            Arc::default(),
        );
        assert!(to_bytes(request.into_body(), 10).await.is_err());
    }
}
