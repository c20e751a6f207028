//! Where OpenBLAS is: an explicit folder, the package `scipy-openblas32` of a
//! Python, or the system's own.

use std::ffi::{CStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The prefix that SciPy's build gives every symbol, so that two copies of
/// OpenBLAS in one process never mix.
pub(crate) const PREFIX: &str = "scipy_";

/// A folder with an OpenBLAS library; if it is set, nothing else is looked at.
const EXPLICIT: &str = "SCIRS2_OPENBLAS_DIR";

/// Prints the folder of the package without importing it.
const PROBE: &str = "import importlib.util as u; s = u.find_spec('scipy_openblas32'); \
                     print(s.submodule_search_locations[0] if s else '')";

pub(crate) enum Found {
    File(Library),
    /// What pkg-config answered; the system's loader knows the place.
    System {
        folders: Vec<String>,
        names: Vec<String>,
    },
}

/// A shared library that was found to have LAPACK.
pub(crate) struct Library {
    pub(crate) file: PathBuf,
    /// What the linker is told, `scipy_openblas` of `libscipy_openblas.so`.
    pub(crate) link_name: String,
    /// Whether the symbols begin with [`PREFIX`], `scipy_dgesdd_` for `dgesdd_`.
    pub(crate) prefixed: bool,
}

impl Library {
    /// Whether a file of the library's folder is the library under some name.
    pub(crate) fn is_part(&self, name: &str) -> bool {
        let own = self
            .file
            .file_name()
            .expect("a file has a name")
            .to_string_lossy();
        let stem = own.strip_suffix(".dll").map(|stem| format!("{stem}.lib"));
        name.strip_prefix(&*own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            || Some(name) == stem.as_deref()
    }
}

/// Looks in one place after another; the error tells of every one.
pub(crate) fn find() -> Result<Found, String> {
    let mut tried = Vec::new();

    if let Some(folder) = variable(EXPLICIT) {
        let folder = PathBuf::from(folder);
        return match in_folders(&[folder.join("lib"), folder]) {
            Ok(library) => Ok(Found::File(library)),
            Err(why) => Err(give_up(&[format!("{EXPLICIT}: {why}")])),
        };
    }
    tried.push(format!("{EXPLICIT}: none"));

    // maturin names the base interpreter in PYO3_PYTHON even when it runs in
    // a virtual environment, so the environment comes first. `make setup` fills
    // .venv: with it plain cargo works in a shell that has none active.
    for place in ["VIRTUAL_ENV", ".venv", "PYO3_PYTHON", "python3", "python"] {
        let python = match place {
            "VIRTUAL_ENV" => variable(place).map(|root| venv_python(Path::new(&root))),
            ".venv" => {
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(place);
                root.is_dir().then(|| venv_python(&root))
            }
            "PYO3_PYTHON" => variable(place).map(PathBuf::from),
            _ => Some(PathBuf::from(place)),
        };
        let library = python
            .ok_or_else(|| "none".to_owned())
            .and_then(|python| in_package_of(&python));
        match library {
            Ok(library) => return Ok(Found::File(library)),
            Err(why) => tried.push(format!("{place}: {why}")),
        }
    }

    pkg_config().map_err(|why| {
        tried.push(format!("pkg-config openblas: {why}"));
        give_up(&tried)
    })
}

fn give_up(tried: &[String]) -> String {
    format!(
        "scirs2-linalg needs OpenBLAS and found none for {}. Looked at:\n  - {}\n\
         Do one of:\n  \
         - pip install scipy-openblas32, in the virtual environment that is active;\n  \
         - install your system's OpenBLAS with its pkg-config file (Debian: libopenblas-dev, \
         Fedora: openblas-devel, Homebrew: openblas);\n  \
         - set {EXPLICIT} to a folder that holds the shared library.",
        env::var("TARGET").unwrap_or_default(),
        tried.join("\n  - "),
    )
}

/// An environment variable that says something, watched by cargo from now on.
fn variable(name: &str) -> Option<OsString> {
    println!("cargo:rerun-if-env-changed={name}");
    env::var_os(name).filter(|value| !value.is_empty())
}

fn venv_python(root: &Path) -> PathBuf {
    if cfg!(windows) {
        root.join("Scripts").join("python.exe")
    } else {
        root.join("bin/python")
    }
}

fn in_package_of(python: &Path) -> Result<Library, String> {
    let output = Command::new(python)
        .args(["-c", PROBE])
        .output()
        .map_err(|e| format!("{} does not run: {e}", python.display()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.trim().lines().next_back().unwrap_or("").to_owned();
        return Err(format!("{} failed: {last}", python.display()));
    }
    let folder = String::from_utf8_lossy(&output.stdout);
    match folder.trim() {
        "" => Err(format!(
            "{} has no package scipy-openblas32",
            python.display()
        )),
        folder => in_folders(&[Path::new(folder).join("lib")]),
    }
}

fn in_folders(folders: &[PathBuf]) -> Result<Library, String> {
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let (ends, starts): (&str, &[&str]) = match os.as_str() {
        "windows" => (".dll", &["lib", ""]),
        "macos" | "ios" => (".dylib", &["lib"]),
        _ => (".so", &["lib"]),
    };
    for folder in folders {
        for base in ["scipy_openblas", "openblas"] {
            for start in starts {
                let file = folder.join(format!("{start}{base}{ends}"));
                if file.is_file() {
                    return open(file, start, base);
                }
            }
        }
    }
    let names: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    Err(format!(
        "no OpenBLAS library (*{ends}) in {}",
        names.join(" or ")
    ))
}

fn open(file: PathBuf, start: &str, base: &str) -> Result<Library, String> {
    let told = |e: &dyn std::fmt::Display| format!("{} is not usable: {e}", file.display());
    let bytes = fs::read(&file).map_err(|e| told(&e))?;
    fits_target(&bytes).map_err(|e| told(&e))?;
    let prefixed = has_symbol(&bytes, &format!("{PREFIX}dgesdd_"));
    if !prefixed && !has_symbol(&bytes, "dgesdd_") {
        return Err(told(
            &"it has no LAPACK (no symbol dgesdd_ or scipy_dgesdd_)",
        ));
    }
    // The Windows linker is given the whole name of the import library.
    let link_name = if start == "lib" && file.extension().is_some_and(|e| e == "dll") {
        format!("lib{base}")
    } else {
        base.to_owned()
    };
    Ok(Library {
        file,
        link_name,
        prefixed,
    })
}

/// Whether the library's tables of strings have the name.
fn has_symbol(mut library: &[u8], name: &str) -> bool {
    let name = name.as_bytes();
    while let Ok(text) = CStr::from_bytes_until_nul(library) {
        let text = text.to_bytes();
        // Mach-O puts an underscore before each name of C.
        if text == name || text.strip_prefix(b"_") == Some(name) {
            return true;
        }
        library = &library[text.len() + 1..];
    }
    false
}

/// What a shared library is for: the format and the processor in its first bytes.
///
/// Read by hand: a crate that parses them would have to be compiled before anybody is told that
/// there is no OpenBLAS.
fn target_of(library: &[u8]) -> Option<(&'static str, &'static str)> {
    let bytes = |at: usize, count: usize| library.get(at..at.checked_add(count)?);
    let u16_at = |at| Some(u16::from_le_bytes(bytes(at, 2)?.try_into().ok()?));
    let u32_at = |at| Some(u32::from_le_bytes(bytes(at, 4)?.try_into().ok()?));
    if library.starts_with(b"\x7fELF") {
        return Some(match u16_at(18)? {
            62 => ("ELF", "x86_64"),
            183 => ("ELF", "aarch64"),
            _ => ("ELF", "another processor"),
        });
    }
    if u32_at(0)? == 0xfeed_facf {
        return Some(match u32_at(4)? {
            0x0100_0007 => ("Mach-O", "x86_64"),
            0x0100_000c => ("Mach-O", "aarch64"),
            _ => ("Mach-O", "another processor"),
        });
    }
    if library.starts_with(b"MZ") {
        let header = usize::try_from(u32_at(0x3c)?).ok()?;
        return Some(match (bytes(header, 4)?, u16_at(header.checked_add(4)?)?) {
            (b"PE\0\0", 0x8664) => ("PE", "x86_64"),
            (b"PE\0\0", 0xaa64) => ("PE", "aarch64"),
            _ => ("PE", "another processor"),
        });
    }
    None
}

/// A library of the build machine is of no use to a cross build.
fn fits_target(library: &[u8]) -> Result<(), String> {
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let (format, processor) = target_of(library).ok_or("it is no shared library")?;
    let wanted = match os.as_str() {
        "windows" => "PE",
        "macos" | "ios" => "Mach-O",
        _ => "ELF",
    };
    // Other processors are not told apart here; the linker will say.
    let known = ["x86_64", "aarch64"].contains(&arch.as_str());
    if format != wanted || (known && processor != arch) {
        return Err(format!(
            "it is {format} for {processor}, the target is {os} on {arch}"
        ));
    }
    Ok(())
}

fn pkg_config() -> Result<Found, String> {
    variable("PKG_CONFIG_PATH");
    let program = variable("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    if env::var("TARGET") != env::var("HOST") && variable("PKG_CONFIG_SYSROOT_DIR").is_none() {
        return Err("not asked: a cross build, and no PKG_CONFIG_SYSROOT_DIR".into());
    }
    let output = Command::new(&program)
        .args(["--libs", "openblas"])
        .output()
        .map_err(|e| format!("{} does not run: {e}", program.display()))?;
    if !output.status.success() {
        return Err("it knows no such package".into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let flags = |flag| {
        text.split_whitespace()
            .filter_map(move |word| word.strip_prefix(flag))
            .map(str::to_owned)
    };
    Ok(Found::System {
        folders: flags("-L").collect(),
        names: flags("-l").collect(),
    })
}
