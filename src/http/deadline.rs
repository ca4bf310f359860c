//! How long a request may take. A client that keeps sending is waited for; one that stops is told so, and so is
//! one whose answer takes too long to make: the two have different remedies.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http_body::Frame;
use tokio::time::timeout;

use super::{Problem, guard::request_under_way};

/// Whoever sends fewer bytes a second than this is not waited for: phones out in the country send more.
const SLOWEST: u64 = 10_000;

/// The answer to a request, or that it was given up: when the answer takes longer than `limit`, or when the client
/// sends too little of its request in that time.
pub(super) async fn in_time<A: Future<Output = Response>>(
    limit: Duration,
    request: Request,
    answer: impl FnOnce(Request) -> A,
) -> Response {
    let upload = Arc::new(Upload::default());
    let mut answer = pin!(answer(watched(request, &upload)));
    loop {
        if let Ok(answer) = timeout(limit, answer.as_mut()).await {
            return answer;
        }
        if !upload.is_awaited() {
            tracing::warn!(request.id = request_under_way(), "a request took too long and was given up");
            return too_slow(limit).into_response();
        }
        if upload.arrived_since() < SLOWEST * limit.as_secs().max(1) {
            return Problem::timed_out().into_response();
        }
    }
}

fn too_slow(limit: Duration) -> Problem {
    Problem::unavailable(&format!("the answer took longer than {} seconds, so it was given up; try again later", limit.as_secs()))
}

/// The same request, whose body tells how it arrives. Most have none, and pay nothing.
fn watched(request: Request, upload: &Arc<Upload>) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    request.map(|body| Body::new(Watched { body, upload: Arc::clone(upload) }))
}

/// How the body of a request arrives.
#[derive(Debug, Default)]
struct Upload {
    /// Whether whoever reads it waits for more of it.
    awaited: AtomicBool,
    /// Bytes that came since somebody asked.
    arrived: AtomicU64,
}

impl Upload {
    fn is_awaited(&self) -> bool {
        self.awaited.load(Ordering::Relaxed)
    }

    fn arrived_since(&self) -> u64 {
        self.arrived.swap(0, Ordering::Relaxed)
    }
}

/// A body that notes how it arrives.
#[derive(Debug)]
struct Watched {
    body: Body,
    upload: Arc<Upload>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.upload.awaited.store(polled.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.upload.arrived.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::pending};

    use axum::body::to_bytes;
    use futures_util::{StreamExt as _, stream};
    use http::StatusCode;

    use super::*;

    const SHORT: Duration = Duration::from_millis(60);

    async fn read_whole(request: Request) -> Response {
        to_bytes(request.into_body(), usize::MAX).await.unwrap().into_response()
    }

    #[tokio::test]
    async fn a_client_that_stops_sending_is_told_that_it_did() {
        let beginning = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{\"name\":"))]);
        let stalled = beginning.chain(stream::pending());
        let answer = in_time(SHORT, Request::new(Body::from_stream(stalled)), read_whole).await;
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn a_client_that_keeps_sending_is_waited_for() {
        // Four times as long in all as nothing may take.
        let slowly = stream::unfold(0_u8, |sent| async move {
            tokio::time::sleep(SHORT / 3).await;
            (sent < 12).then(|| (Ok::<_, Infallible>(Bytes::from(vec![sent; 10_000])), sent + 1))
        });
        let answer = in_time(SHORT, Request::new(Body::from_stream(slowly)), read_whole).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(to_bytes(answer.into_body(), usize::MAX).await.unwrap().len(), 120_000);
    }

    #[tokio::test]
    async fn an_answer_that_takes_too_long_is_our_fault_whatever_was_sent() {
        let all_of_it = |request: Request| async move {
            read_whole(request).await;
            pending::<Response>().await
        };
        let unread = |_: Request| pending::<Response>();
        for body in [Body::empty(), Body::from("{}")] {
            assert_eq!(in_time(SHORT, Request::new(body), all_of_it).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
        assert_eq!(in_time(SHORT, Request::new(Body::from("{}")), unread).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
