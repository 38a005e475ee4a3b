//! Chance that is the same for the same seed and call, in whatever order calls are made.

/// splitmix64, begun at a seed and the number of a call.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn of(seed: u64, number: u64) -> Self {
        Self(seed.rotate_left(32) ^ number)
    }

    /// From 0, less than `end`.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
