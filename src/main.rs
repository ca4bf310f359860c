//! Read the arguments, run the command, say how it went.

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Fails only when a provider was installed before, and nothing ran before this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    fingerpost::cli::run(fingerpost::cli::Arguments::parse())
}
