//! A connector that was loaded: compiled, checked, and described by its own manifest.

use std::{fmt, sync::Arc};

use patchbay_domain::platform::Manifest;

use crate::{HostConfig, Instance, bindings::ConnectorPre, clock::Clock, state::State};

pub struct Plugin {
    pub(crate) code: Code,
    manifest: Manifest,
    digest: String,
}

/// What instances are made from.
#[derive(Clone)]
pub struct Code {
    pub pre: ConnectorPre<State>,
    pub config: Arc<HostConfig>,
    #[expect(dead_code, reason = "it is kept running: without it a call could compute for ever")]
    pub clock: Arc<Clock>,
}

impl Plugin {
    pub(crate) fn new(code: Code, manifest: Manifest, digest: String) -> Self {
        Self { code, manifest, digest }
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of its file, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// An instance of its own memory, made at the first call.
    #[must_use]
    pub fn instantiate(self: &Arc<Self>) -> Instance {
        Instance::new(Arc::clone(self))
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.manifest.id)
            .field("version", &self.manifest.version)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}
