//! Names of objects in order, a page at a time, without reading what lies outside the page's directories.

use std::io;
use std::path::Path;

/// The first `limit` names with `prefix` that come after `after`, each with its size in bytes, in the order of their bytes.
pub(super) fn names(bucket: &Path, prefix: &str, after: &str, limit: usize) -> io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    walk(bucket, "", &Page { prefix, after, limit }, &mut found)?;
    Ok(found)
}

struct Page<'a> {
    prefix: &'a str,
    after: &'a str,
    limit: usize,
}

impl Page<'_> {
    /// Whether a name that begins with `directory` can be on the page.
    fn may_hold(&self, directory: &str) -> bool {
        let on_the_way = directory.starts_with(self.prefix) || self.prefix.starts_with(directory);
        on_the_way && (directory > self.after || self.after.starts_with(directory))
    }
}

fn walk(directory: &Path, name: &str, page: &Page<'_>, found: &mut Vec<(String, u64)>) -> io::Result<()> {
    let mut entries = Vec::new();
    let listed = match std::fs::read_dir(directory) {
        // A delete took it away meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in listed {
        let entry = entry?;
        let Ok(own_name) = entry.file_name().into_string() else { continue };
        let is_directory = entry.file_type()?.is_dir();
        let full = if is_directory { format!("{name}{own_name}/") } else { format!("{name}{own_name}") };
        if is_directory && page.may_hold(&full)
            || !is_directory && full.starts_with(page.prefix) && full.as_str() > page.after
        {
            entries.push((full, is_directory, entry));
        }
    }
    entries.sort_by(|left, right| left.0.cmp(&right.0));
    for (full, is_directory, entry) in entries {
        if found.len() >= page.limit {
            break;
        }
        if is_directory {
            walk(&entry.path(), &full, page, found)?;
        } else {
            match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                metadata => found.push((full, metadata?.len())),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_and_stay_inside_the_prefix() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a/1/x.jpg", "a/1/y.jpg", "a/2/x.jpg", "a-b/1/x.jpg", "b/1/x.jpg"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let page = names(dir.path(), "", &after, 2).unwrap();
            let Some(last) = page.last() else { break };
            after.clone_from(&last.0);
            all.extend(page.into_iter().map(|(name, _)| name));
        }
        assert_eq!(all, ["a-b/1/x.jpg", "a/1/x.jpg", "a/1/y.jpg", "a/2/x.jpg", "b/1/x.jpg"]);
        let within: Vec<String> =
            names(dir.path(), "a/", "a/1/x.jpg", 9).unwrap().into_iter().map(|(n, _)| n).collect();
        assert_eq!(within, ["a/1/y.jpg", "a/2/x.jpg"]);
    }
}
