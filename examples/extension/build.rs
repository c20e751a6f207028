//! Tells the extension where its OpenBLAS is: `target` is not among the places where the
//! system's loader looks.

fn main() {
    // Set by scirs2-linalg, unless the system's own OpenBLAS is used. Windows has no such option.
    if let Ok(folder) = std::env::var("DEP_SCIRS2_OPENBLAS_DIR")
        && std::env::var_os("CARGO_CFG_UNIX").is_some()
    {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
