//! Where OpenBLAS is: an explicit folder, the package `scipy-openblas32` of a
//! Python, or the system's own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use object::{Architecture, BinaryFormat, NameOrOrdinal, Object};

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

/// A shared library whose symbols have been read.
pub(crate) struct Library {
    pub(crate) file: PathBuf,
    /// What the linker is told, `scipy_openblas` of `libscipy_openblas.so`.
    pub(crate) link_name: String,
    /// The usual names (`dgesdd_`) of what the library has only with the
    /// prefix (`scipy_dgesdd_`); none where there is no prefix.
    pub(crate) prefixed: Vec<String>,
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
    let parsed = object::File::parse(&*bytes).map_err(|e| told(&e))?;
    fits_target(&parsed).map_err(|e| told(&e))?;

    let mach_o = parsed.format() == BinaryFormat::MachO;
    let mut names = Vec::new();
    for export in parsed.exports().map_err(|e| told(&e))? {
        let export = export.map_err(|e| told(&e))?;
        if let NameOrOrdinal::Name(name) = export.name()
            && let Ok(name) = std::str::from_utf8(name)
        {
            let name = if mach_o {
                name.strip_prefix('_').unwrap_or(name)
            } else {
                name
            };
            names.push(name.to_owned());
        }
    }
    let has = |routine: &str| names.iter().any(|name| name == routine);
    if !has("scipy_dgesdd_") && !has("dgesdd_") {
        return Err(told(
            &"it has no LAPACK (no symbol dgesdd_ or scipy_dgesdd_)",
        ));
    }
    let prefixed = names.iter().filter_map(|name| name.strip_prefix(PREFIX));
    let prefixed = prefixed.map(str::to_owned).collect();
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

/// A library of the build machine is of no use to a cross build.
fn fits_target(file: &object::File<'_>) -> Result<(), String> {
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let format = match os.as_str() {
        "windows" => BinaryFormat::Pe,
        "macos" | "ios" => BinaryFormat::MachO,
        _ => BinaryFormat::Elf,
    };
    let wanted = match arch.as_str() {
        "x86_64" => Architecture::X86_64,
        "aarch64" => Architecture::Aarch64,
        // Not told apart here; the linker will say.
        _ => file.architecture(),
    };
    if file.format() != format || file.architecture() != wanted {
        return Err(format!(
            "it is {:?} for {:?}, the target is {os} on {arch}",
            file.format(),
            file.architecture()
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
