//! What the end-to-end tests share: a site beside a real Cyrus or alone, and somebody who follows its streams.

pub mod alone;
pub mod apart;
mod beside;
mod follower;
pub mod notification;

pub use alone::Alone;
pub use apart::Apart;
pub use beside::{Beside, Form, Plan};
pub use follower::{Follower, Told};
