//! One engine per embedded database. A second one on the same file would count
//! itself the only node and take the first one's work for its own, so the data
//! folder and the database are held by locks that end with the process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::config::Storage;

#[derive(Debug, thiserror::Error)]
pub enum OccupancyError {
    #[error(
        "another engine works with {}: stop it first, or give this one a data folder and a database of its own with \
         PATCHBAY_DATA_DIR and DATABASE_URL",
        .0.display()
    )]
    Occupied(PathBuf),
    #[error("{} cannot be locked: {cause}; put the data folder on a disk that knows locks", path.display())]
    Lock { path: PathBuf, cause: io::Error },
}

/// Held as long as it lives.
#[derive(Debug)]
pub struct Occupancy(#[expect(dead_code, reason = "open, the files are locked")] Vec<File>);

impl Occupancy {
    /// Nodes that share PostgreSQL hold nothing: they know of each other.
    pub fn take(storage: &Storage) -> Result<Self, OccupancyError> {
        let mut held = Vec::new();
        if let Some(database) = storage.embedded_file() {
            held.push((storage.data_dir.clone(), storage.data_dir.join("engine.lock")));
            let mut lock = database.clone().into_os_string();
            lock.push(".lock");
            held.push((database, lock.into()));
        }
        let locks = held.into_iter().map(|(what, lock)| hold(&what, &lock));
        Ok(Self(locks.collect::<Result<_, _>>()?))
    }
}

fn hold(what: &Path, lock: &Path) -> Result<File, OccupancyError> {
    let failed = |cause| OccupancyError::Lock { path: lock.to_owned(), cause };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(lock).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OccupancyError::Occupied(what.to_owned())),
        Err(TryLockError::Error(cause)) => Err(failed(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn storage(folder: &Path, url: &str) -> Storage {
        Storage { data_dir: folder.to_owned(), database_url: Secret::new(url), max_connections: 2 }
    }

    #[test]
    fn a_folder_and_a_database_are_for_one_engine_at_a_time() {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = ours.path().join("patchbay.db");
        let url = format!("sqlite:{}?mode=rwc", file.display());
        let other = format!("sqlite://{}", theirs.path().join("other.db").display());
        let first = Occupancy::take(&storage(ours.path(), &url)).unwrap();
        let folder = Occupancy::take(&storage(ours.path(), &other)).unwrap_err();
        assert!(folder.to_string().contains(&*ours.path().to_string_lossy()), "{folder}");
        let database = Occupancy::take(&storage(theirs.path(), &url)).unwrap_err();
        assert!(database.to_string().contains("patchbay.db: stop it first"), "{database}");
        drop(first);
        Occupancy::take(&storage(ours.path(), &url)).unwrap();
    }

    #[test]
    fn nodes_of_one_postgres_may_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(folder.path(), "postgres://localhost/patchbay");
        let _first = Occupancy::take(&storage).unwrap();
        Occupancy::take(&storage).unwrap();
    }
}
