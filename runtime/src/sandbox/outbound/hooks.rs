//! The hooks by which `wasi:http` hands a guest's requests over.

use http::{HeaderName, uri::Scheme};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use crate::sandbox::outbound::CallOutbound;

/// What a guest may write to a request's body at once; that much, and once more, is held for it.
const CHUNK: usize = 64 << 10;

/// What becomes of a connection is told by the reply's body, so there is nothing to wait for besides.
type Afterwards = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for CallOutbound {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        DEFAULT_FORBIDDEN_HEADERS.contains(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        std::sync::Arc::new(|name| DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    /// `http` too, though it takes a rule that says so: were it refused here, no refusal could name that rule.
    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        *scheme == Scheme::HTTPS || *scheme == Scheme::HTTP
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _reply_read: Afterwards,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Afterwards), Error>> + Send> {
        let sending = self.prepare(request, options);
        Box::new(async move {
            let reply = sending?.send().await?;
            Ok((reply, Box::new(std::future::ready(Ok(()))) as Afterwards))
        })
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        1
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }
}
