//! Facts about the product, driven through its public surface, on both databases.

#![allow(unreachable_pub, missing_docs, reason = "a test binary has no public interface")]

mod facts;
mod support;
