//! The pause of a group of which something is away.

use std::{panic::AssertUnwindSafe, sync::Arc};

use bus::GroupListener;
use futures_util::FutureExt;

use crate::Sleep;

/// Ends with `wait`, or as soon as `listener` says that what was away is back.
pub fn pause(wait: Sleep, listener: Arc<dyn GroupListener>) -> Sleep {
    Box::pin(async move {
        tokio::select! {
            () = wait => {}
            // One that panics says nothing.
            Ok(()) = AssertUnwindSafe(listener.recovered()).catch_unwind() => {}
        }
    })
}
