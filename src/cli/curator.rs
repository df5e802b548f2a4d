//! Who proposes in a dream, as it is told on the command line.

use std::time::Duration;

use clap::Args;
use undream::{CommandCurator, DreamRun, Mine};

use super::exit::{Failure, Outcome};

#[derive(Args, Debug, Default)]
pub(crate) struct CuratorOptions {
    /// Who proposes: mine (built in), a program, or a language model
    #[arg(long, value_name = "mine|command:PROG|llm", default_value = "mine")]
    curator: String,
    /// llm: the model's name
    #[arg(long)]
    model: Option<String>,
    /// llm: the base address of a server with an OpenAI-compatible protocol; else the model's provider
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// llm: the environment variable that holds the key; else the provider's usual one
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// llm: how many tokens the dream may take in all
    #[arg(long, value_name = "COUNT")]
    max_tokens: Option<u64>,
    /// command, llm: how long it may take
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    time_limit: Option<Duration>,
    /// command: how much the program may write
    #[arg(long, value_name = "BYTES")]
    output_limit: Option<u64>,
    /// command, llm: who proposes instead if it fails
    #[arg(long, value_name = "mine")]
    fallback: Option<String>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is no number of seconds".to_owned())?;
    let positive = Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero());
    positive.ok_or_else(|| "it is no time above 0".to_owned())
}

impl CuratorOptions {
    /// A curator with nothing else said of it.
    pub(crate) fn named(curator: &str) -> Self {
        Self { curator: curator.to_owned(), ..Self::default() }
    }

    /// Tells the dream who proposes.
    pub(crate) fn apply(&self, dream: DreamRun) -> Outcome<DreamRun> {
        let dream = match self.curator.split_once(':') {
            None if self.curator == "mine" => {
                self.refuse(&self.for_models())?;
                self.refuse(&self.for_programs())?;
                self.refuse(&self.for_both())?;
                return Ok(dream.curator(Mine::default()));
            }
            None if self.curator == "llm" => {
                self.refuse(&self.for_programs())?;
                self.model(dream)?
            }
            Some(("command", program)) if !program.trim().is_empty() => {
                self.refuse(&self.for_models())?;
                dream.curator(self.program(program))
            }
            _ => {
                let failure = Failure::usage(format!("there is no curator `{}`", self.curator));
                return Err(failure.hint(
                    "--curator mine, --curator 'command:PROGRAM', or --curator llm --model NAME",
                ));
            }
        };
        match self.fallback.as_deref() {
            None => Ok(dream),
            Some("mine") => Ok(dream.fallback(Mine::default())),
            Some(other) => {
                let failure =
                    Failure::usage(format!("there is no curator `{other}` to fall back to"));
                Err(failure.hint("--fallback mine"))
            }
        }
    }

    fn for_models(&self) -> [(&'static str, bool); 4] {
        [
            ("--model", self.model.is_some()),
            ("--endpoint", self.endpoint.is_some()),
            ("--key-env", self.key_env.is_some()),
            ("--max-tokens", self.max_tokens.is_some()),
        ]
    }

    fn for_programs(&self) -> [(&'static str, bool); 1] {
        [("--output-limit", self.output_limit.is_some())]
    }

    fn for_both(&self) -> [(&'static str, bool); 2] {
        [("--time-limit", self.time_limit.is_some()), ("--fallback", self.fallback.is_some())]
    }

    /// An option that does nothing for this curator is a mistake.
    fn refuse(&self, options: &[(&str, bool)]) -> Outcome {
        match options.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((name, _)) => {
                let curator = &self.curator;
                Err(Failure::usage(format!("{name} says nothing to the curator `{curator}`"))
                    .hint("undream dream --help"))
            }
        }
    }

    fn program(&self, program: &str) -> CommandCurator {
        let mut curator = CommandCurator::new(program);
        if let Some(time) = self.time_limit {
            curator = curator.time_max(time);
        }
        if let Some(bytes) = self.output_limit {
            curator = curator.output_bytes_max(bytes);
        }
        curator
    }

    #[cfg(not(feature = "llm"))]
    #[expect(clippy::unused_self, reason = "with the feature the options are read")]
    fn model(&self, _dream: DreamRun) -> Outcome<DreamRun> {
        let failure = Failure::usage("this undream was built without the curator `llm`");
        Err(failure.hint("cargo install --features llm, or --curator 'command:PROGRAM'"))
    }

    #[cfg(feature = "llm")]
    fn model(&self, dream: DreamRun) -> Outcome<DreamRun> {
        let Some(model) = &self.model else {
            let failure = Failure::usage("the curator `llm` needs a model");
            return Err(failure.hint("--model NAME, and --endpoint URL for a server of your own"));
        };
        let mut curator = undream::Llm::new(model);
        if let Some(url) = &self.endpoint {
            curator = curator.endpoint(url);
        }
        if let Some(key) = self.key(model)? {
            curator = curator.key(key);
        }
        if let Some(tokens) = self.max_tokens {
            curator = curator.tokens_max(tokens);
        }
        if let Some(time) = self.time_limit {
            curator = curator.time_max(time);
        }
        curator.check().map_err(|error| {
            Failure::from(error).hint("--endpoint URL for a server, --key-env NAME for a key")
        })?;
        Ok(dream.curator(curator))
    }

    /// The key: of the variable that is named, else of the one that is usual for the provider. A
    /// server that is named gets no key of somebody else.
    #[cfg(feature = "llm")]
    fn key(&self, model: &str) -> Outcome<Option<String>> {
        if let Some(name) = &self.key_env {
            let missing = || Failure::usage(format!("there is no key in the variable `{name}`"));
            let key = std::env::var(name).map_err(|_| missing())?;
            return if key.is_empty() { Err(missing()) } else { Ok(Some(key)) };
        }
        let usual = match self.endpoint {
            Some(_) => None,
            None => undream::Llm::usual_key_variable(model),
        };
        Ok(usual.and_then(|name| std::env::var(name).ok()))
    }
}
