//! The directories that configurations lie in.

use std::env;
use std::path::{Path, PathBuf};

use undream::ErrorKind;

use crate::cli::exit::{Failure, Outcome};

/// Where configurations lie, from the environment; tests give it an empty home.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    home: PathBuf,
    /// Where programs keep what belongs to a user: `~/.config`, `~/Library/Application Support`, or
    /// `%APPDATA%`.
    data: PathBuf,
    /// `~/.config` on every system, unless `XDG_CONFIG_HOME` says otherwise.
    config: PathBuf,
    claude: Option<PathBuf>,
    codex: PathBuf,
    project: PathBuf,
    programs: Vec<PathBuf>,
}

/// A directory by what it is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Base {
    Home,
    /// What belongs to a user, as the system has it.
    Data,
    Config,
    /// The directory of `.claude.json`.
    ClaudeState,
    /// The directory of Claude Code's settings.
    ClaudeSettings,
    Codex,
    Project,
}

impl Places {
    pub(crate) fn from_environment() -> Outcome<Self> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = set("HOME").or_else(|| set("USERPROFILE")).filter(|home| home.is_absolute());
        let home = home.ok_or_else(|| {
            let message =
                "neither HOME nor USERPROFILE names a directory, so clients cannot be found";
            Failure::new(ErrorKind::NotFound, message).hint("set HOME to your home directory")
        })?;
        let config = set("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        let config = config.unwrap_or_else(|| home.join(".config"));
        let data = if cfg!(target_os = "macos") {
            home.join("Library/Application Support")
        } else if cfg!(windows) {
            set("APPDATA").unwrap_or_else(|| home.join("AppData").join("Roaming"))
        } else {
            config.clone()
        };
        Ok(Self {
            data,
            config,
            claude: set("CLAUDE_CONFIG_DIR"),
            codex: set("CODEX_HOME").unwrap_or_else(|| home.join(".codex")),
            project: env::current_dir()?,
            programs: env::var_os("PATH").map_or_else(Vec::new, |path| {
                env::split_paths(&path).filter(|path| path.is_absolute()).collect()
            }),
            home,
        })
    }

    pub(crate) fn at(&self, base: Base, path: &str) -> PathBuf {
        let base = match base {
            Base::Home => &self.home,
            Base::Data => &self.data,
            Base::Config => &self.config,
            Base::ClaudeState => self.claude.as_ref().unwrap_or(&self.home),
            Base::ClaudeSettings => match &self.claude {
                Some(directory) => directory,
                None => return self.home.join(".claude").join(path),
            },
            Base::Codex => &self.codex,
            Base::Project => &self.project,
        };
        path.split('/').filter(|part| !part.is_empty()).fold(base.clone(), |at, part| at.join(part))
    }

    /// The program of this name in the `PATH`.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        self.programs.iter().map(|directory| directory.join(&file)).find(|path| path.is_file())
    }

    /// The path to start this very program by: the one in the `PATH`, which stays when a new
    /// version takes its place, else where it lies.
    pub(crate) fn own_program(&self) -> Outcome<PathBuf> {
        let own = env::current_exe()?;
        let same = |path: &PathBuf| is_same(path, &own);
        Ok(self.program("undream").filter(same).unwrap_or(own))
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
