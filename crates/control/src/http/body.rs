//! Bodies of requests: nobody is known yet who sends one, so all of them together are limited too.

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes};
use imds_ec2::Fault;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest body: far more than user data in base64 and fifty tags need.
const MOST: usize = 1 << 20;

/// The largest body that needs no place among the large ones: nearly every call is smaller.
const SMALL: usize = 4 << 10;

/// How many larger bodies there are at a time in this process. With the small ones of all connections, they
/// are bounded by 20 MiB.
const LARGE_AT_A_TIME: usize = 16;

static LARGE: Semaphore = Semaphore::const_new(LARGE_AT_A_TIME);

/// A body, and its place among the large ones if it is one.
pub(super) type Collected = (Vec<u8>, Option<SemaphorePermit<'static>>);

/// Reads a body to its end.
///
/// # Errors
/// `RequestEntityTooLarge` if it is too large, `RequestLimitExceeded` if there are too many large ones,
/// `MalformedQueryString` if it breaks off.
pub(super) async fn collect<B>(mut body: B) -> Result<Collected, Fault>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (mut bytes, mut place) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        // Trailers mean nothing.
        let frame = frame
            .map_err(|_| Fault::client("MalformedQueryString", "The request's body breaks off"))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > MOST {
            let message = format!("The request's body is longer than {MOST} bytes");
            return Err(Fault::new(413, "RequestEntityTooLarge", message));
        }
        if length > SMALL && place.is_none() {
            let free = LARGE.try_acquire();
            place = Some(free.map_err(|_| Fault::request_limit_exceeded())?);
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, place))
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use tokio::runtime::Builder;

    use super::*;

    fn collected(length: usize) -> Result<Collected, u16> {
        let body = Full::new(Bytes::from(vec![b'x'; length]));
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(collect(body)).map_err(|fault| fault.status)
    }

    #[test]
    fn large_bodies_are_limited_in_all_and_small_ones_are_not_held_up() {
        let large: Vec<_> = (0..LARGE_AT_A_TIME).map(|_| collected(SMALL + 1).unwrap()).collect();
        assert_eq!(collected(SMALL + 1).err(), Some(503));
        let (small, _) = collected(SMALL).unwrap();
        assert_eq!(small.len(), SMALL);
        drop(large);
        assert_eq!(collected(MOST).unwrap().0.len(), MOST);
        assert_eq!(collected(MOST + 1).err(), Some(413));
    }
}
