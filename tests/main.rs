//! Facts about the product, driven through its public surface, on both databases.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking, and reads its environment")]
#![allow(unreachable_pub, missing_docs, reason = "a test binary has no public interface")]

mod facts;
mod support;
