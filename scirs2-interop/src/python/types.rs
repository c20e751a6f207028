//! A cache of what is known about the types of Python objects.

use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::PyType;

/// The number of types that a cache remembers. Programs that keep making types must not fill
/// memory with them.
const MAX_TYPES: usize = 64;

/// Values for the types that were seen first; the list ends at the first empty entry.
#[derive(Debug)]
pub struct TypeCache<V> {
    /// The reference keeps the type alive, so that its address is not reused.
    entries: [OnceLock<(Py<PyType>, V)>; MAX_TYPES],
}

impl<V> TypeCache<V> {
    /// An empty cache.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a cache is a static")]
    pub const fn new() -> Self {
        TypeCache {
            entries: [const { OnceLock::new() }; MAX_TYPES],
        }
    }

    /// The value for the type of an object, if it is known.
    #[inline(always)]
    pub fn get(&self, object: &Bound<'_, PyAny>) -> Option<&V> {
        let class = object.get_type_ptr();
        let mut known = self.entries.iter().map_while(OnceLock::get);
        known
            .find(|(known, _)| known.as_ptr().cast() == class)
            .map(|(_, value)| value)
    }

    /// Remembers the value for a type; gives it back if the cache is full.
    ///
    /// If finding the value has run Python code that came here, too, the type is listed twice,
    /// with equal values.
    pub fn insert(&self, class: Bound<'_, PyType>, value: V) -> Option<V> {
        let mut entry = (class.unbind(), value);
        for slot in &self.entries {
            match slot.set(entry) {
                Ok(()) => return None,
                Err(other) => entry = other,
            }
        }
        Some(entry.1)
    }
}
