//! Where the key-encryption key comes from: a file, an environment variable or a terminal, each read by Rust alone.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use rustix::termios::{tcgetattr, tcsetattr, LocalModes, OptionalActions};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::process::wiped;
use crate::random;
use crate::transcript::{HashInput, PassphraseSalt};

/// Length of the key-encryption key and of its file.
pub const KEY: usize = 32;
/// Memory of Argon2id in KiB, passes, lanes: RFC 9106's second recommendation with one lane.
const ARGON2: (u32, u32, u32) = (64 * 1024, 3, 1);
/// Shortest passphrase that is accepted, in characters.
const SHORTEST: usize = 12;

/// The key-encryption key, 32 bytes on the heap: a value that moves would leave copies on the stack.
pub type Key = Zeroizing<Vec<u8>>;

fn failed(path: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::KeyFile(format!("cannot {what} the key file {}: {error}", path.display()))
}

/// Write a new random key: mode 0600, never over an existing file, durable with its directory entry on return.
pub fn create(path: &Path) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| failed(path, "create (an existing one is never overwritten)", &error))?;
    file.write_all(&random::secret::<KEY>()[..]).map_err(|error| failed(path, "write", &error))?;
    file.sync_all().map_err(|error| failed(path, "sync", &error))?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|entry| entry.sync_all()).map_err(|error| failed(path, "sync the directory of", &error))
}

/// Read the key; refuse files that others can read.
pub fn read(path: &Path) -> Result<Key> {
    let mut file = File::open(path).map_err(|error| {
        Error::KeyFile(format!("{}; a node without it cannot open its shares: restore the file", failed(path, "open", &error)))
    })?;
    let facts = file.metadata().map_err(|error| failed(path, "inspect", &error))?;
    if !facts.is_file() {
        return Err(Error::KeyFile(format!("the key file {} is not a regular file", path.display())));
    }
    if facts.mode() & 0o077 != 0 {
        let mode = facts.mode() & 0o777;
        return Err(Error::KeyFile(format!("the key file {} has mode {mode:o}: others can read it; chmod 600 it", path.display())));
    }
    if facts.len() != KEY as u64 {
        let size = facts.len();
        return Err(Error::KeyFile(format!(
            "the key file {} has {size} bytes, not {KEY}: it is not a key file or damaged",
            path.display()
        )));
    }
    let mut key = Zeroizing::new(vec![0; KEY]);
    file.read_exact(&mut key[..]).map_err(|error| failed(path, "read", &error))?;
    if key.iter().all(|byte| *byte == 0) {
        return Err(Error::KeyFile(format!("the key file {} holds only zeroes: it is damaged", path.display())));
    }
    Ok(key)
}

/// Derive the key from the passphrase in an environment variable.
pub fn from_env(variable: &str, salt: &[u8]) -> Result<Key> {
    let passphrase = match std::env::var(variable) {
        Ok(value) => Zeroizing::new(value),
        Err(std::env::VarError::NotPresent) => {
            return Err(Error::KeyFile(format!("the environment variable {variable} is not set: it must hold the passphrase")));
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            return Err(Error::KeyFile(format!("the environment variable {variable} is not UTF-8")));
        }
    };
    derive(&passphrase, salt)
}

/// Derive the key from a passphrase typed at the terminal, which does not echo it.
pub fn from_prompt(prompt: &str, salt: &[u8]) -> Result<Key> {
    check_salt(salt)?;
    let no_terminal = |error: std::io::Error| Error::KeyFile(format!("there is no terminal to ask for the passphrase: {error}"));
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(no_terminal)?;
    let before = tcgetattr(&terminal).map_err(|error| no_terminal(error.into()))?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    // Silent before it asks: what is typed ahead would be echoed otherwise.
    tcsetattr(&terminal, OptionalActions::Flush, &silent).map_err(|error| no_terminal(error.into()))?;
    let asked = terminal.write_all(prompt.as_bytes());
    let mut line = Zeroizing::new(String::with_capacity(1024));
    let read = BufReader::with_capacity(1, &terminal).read_line(&mut line);
    // The echo comes back whatever the reading gave.
    tcsetattr(&terminal, OptionalActions::Flush, &before).map_err(|error| no_terminal(error.into()))?;
    terminal.write_all(b"\n").map_err(no_terminal)?;
    asked.and(read).map_err(no_terminal)?;
    derive(line.trim_end_matches(['\r', '\n']), salt)
}

fn check_salt(salt: &[u8]) -> Result<()> {
    if (16..=64).contains(&salt.len()) {
        Ok(())
    } else {
        Err(Error::input("a passphrase's salt has 16 to 64 bytes"))
    }
}

/// Argon2id over the passphrase; the salt is hashed into a named structure first.
pub(crate) fn derive(passphrase: &str, salt: &[u8]) -> Result<Key> {
    check_salt(salt)?;
    if passphrase.chars().count() < SHORTEST {
        return Err(Error::KeyFile(format!("the passphrase is shorter than {SHORTEST} characters: choose a longer one")));
    }
    let (memory, passes, lanes) = ARGON2;
    let parameters = Params::new(memory, passes, lanes, Some(KEY)).map_err(|error| Error::Own(error.to_string()))?;
    let mut key = Zeroizing::new(vec![0; KEY]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    wiped(|| argon2.hash_password_into(passphrase.as_bytes(), &PassphraseSalt { salt }.hash(), &mut key[..]))
        .map_err(|error| Error::Own(format!("Argon2id failed: {error}")))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn refused(result: Result<Key>, word: &str) {
        let Err(Error::KeyFile(message)) = result else { panic!("not refused as a key file") };
        assert!(message.contains(word), "{message}");
    }

    #[test]
    fn a_key_file_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kek");
        create(&path).expect("is created");
        let first = read(&path).expect("is read");
        assert!(create(&path).is_err());
        assert_eq!(first[..], read(&path).expect("is read")[..]);
        assert_eq!(fs::metadata(&path).expect("exists").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_wrong_with_a_key_file_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kek");
        refused(read(&path), "cannot open");
        refused(read(folder.path()), "not a regular file");
        create(&path).expect("is created");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
        refused(read(&path), "chmod 600");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        fs::write(&path, [1; 31]).expect("writes");
        refused(read(&path), "31 bytes");
        fs::write(&path, [0; 32]).expect("writes");
        refused(read(&path), "zeroes");
    }

    #[test]
    fn a_passphrase_gives_one_key_for_one_salt() {
        let key = |passphrase, salt| derive(passphrase, salt).expect("derives");
        let (salt, other) = (&[1; 16][..], &[2; 16][..]);
        assert_eq!(key("a long passphrase", salt)[..], key("a long passphrase", salt)[..]);
        assert_ne!(key("a long passphrase", salt)[..], key("a long passphrase", other)[..]);
        assert_ne!(key("a long passphrase", salt)[..], key("a long passphrasf", salt)[..]);
        refused(derive("short", salt), "shorter");
        assert!(matches!(derive("a long passphrase", &[1; 15]), Err(Error::InvalidInput(_))));
    }
}
