//! Rust benchmarks of scirs2, peers beside it: see `benches/`.
