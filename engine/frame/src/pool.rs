//! Recycled pixel buffers: what is dropped goes back to where it came from.
//!
//! A frame's bytes are [`Bytes`]. Those that came from a [`Pool`] return to it when they are dropped, on
//! whatever thread that is, and copies of them come from the same pool. After warm-up nothing is allocated:
//! [`Pool::stats`] shows it.

use crossbeam_queue::ArrayQueue;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Buffers of a pool that wait for their next use, at most. More are freed.
const KEPT_BUFFERS: usize = 32;

#[derive(Debug)]
struct Home {
    waiting: ArrayQueue<Vec<u8>>,
    created: AtomicU64,
    out: AtomicUsize,
}

/// A pool of byte buffers; clones share it.
#[derive(Clone, Debug)]
pub struct Pool {
    home: Arc<Home>,
}

/// What a pool has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Heap allocations made so far; constant in steady state.
    pub created: u64,
    /// Buffers in use now.
    pub out: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            home: Arc::new(Home {
                waiting: ArrayQueue::new(KEPT_BUFFERS),
                created: AtomicU64::new(0),
                out: AtomicUsize::new(0),
            }),
        }
    }
}

impl Pool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// A buffer of `len` bytes. What is in it is left over from its last use, or 0.
    pub fn take(&self, len: usize) -> Bytes {
        let mut data = self.home.waiting.pop().unwrap_or_default();
        if data.capacity() < len {
            self.home.created.fetch_add(1, Ordering::Relaxed);
            // Not grown in place: nothing of the old contents is needed.
            data = Vec::with_capacity(len);
        }
        data.resize(len, 0);
        self.home.out.fetch_add(1, Ordering::Relaxed);
        Bytes { data, home: Some(Arc::clone(&self.home)) }
    }

    /// Counters so far.
    pub fn stats(&self) -> PoolStats {
        PoolStats {
            created: self.home.created.load(Ordering::Relaxed),
            out: self.home.out.load(Ordering::Relaxed),
        }
    }
}

/// Bytes that know the pool they came from, if they came from one. Clones come from the same pool.
#[derive(Debug, Default)]
pub struct Bytes {
    data: Vec<u8>,
    home: Option<Arc<Home>>,
}

impl Bytes {
    /// A buffer of `len` bytes from the same pool, or from the heap; what is in it is undefined, though
    /// initialised.
    pub fn sibling(&self, len: usize) -> Self {
        match &self.home {
            Some(home) => Pool { home: Arc::clone(home) }.take(len),
            None => Self::from(vec![0; len]),
        }
    }

    /// The buffer, which does not return to its pool.
    pub fn into_vec(mut self) -> Vec<u8> {
        if let Some(home) = self.home.take() {
            home.out.fetch_sub(1, Ordering::Relaxed);
        }
        std::mem::take(&mut self.data)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(data: Vec<u8>) -> Self {
        Self { data, home: None }
    }
}

impl Clone for Bytes {
    fn clone(&self) -> Self {
        let mut copy = self.sibling(self.data.len());
        copy.data.copy_from_slice(&self.data);
        copy
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.data
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.out.fetch_sub(1, Ordering::Relaxed);
            // A full pool frees the buffer.
            let _ = home.waiting.push(std::mem::take(&mut self.data));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_used_again() {
        let pool = Pool::new();
        for _ in 0..100 {
            let (a, b) = (pool.take(1000), pool.take(500));
            let c = a.clone();
            assert_eq!((a.len(), b.len(), c.len(), pool.stats().out), (1000, 500, 1000, 3));
        }
        assert!(pool.stats().created <= 4, "{:?}", pool.stats());
        assert_eq!(pool.stats().out, 0);
    }

    #[test]
    fn a_pool_does_not_grow_without_bounds() {
        let pool = Pool::new();
        let many: Vec<_> = (0..100).map(|_| pool.take(10)).collect();
        drop(many);
        assert_eq!(pool.home.waiting.len(), KEPT_BUFFERS);
    }

    #[test]
    fn bytes_taken_out_do_not_return() {
        let pool = Pool::new();
        let mut bytes = pool.take(3);
        bytes.copy_from_slice(&[1, 2, 3]);
        assert_eq!(bytes.into_vec(), [1, 2, 3]);
        assert_eq!((pool.stats().out, pool.home.waiting.len()), (0, 0));
    }
}
