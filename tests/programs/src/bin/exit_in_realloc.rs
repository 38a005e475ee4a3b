//! Ends the process in the middle of a nested call: while the host, called by the program, calls it for memory to put a list in.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use wasip2::random::random::get_random_bytes;

static ARMED: AtomicBool = AtomicBool::new(false);

struct Exits;

impl Exits {
    fn exit_if_armed() {
        if ARMED.swap(false, Ordering::SeqCst) {
            std::process::exit(0);
        }
    }
}

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Exits {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::exit_if_armed();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::exit_if_armed();
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Exits = Exits;

fn main() {
    ARMED.store(true, Ordering::SeqCst);
    let bytes = get_random_bytes(1000);
    programs::output(json!({ "bytes": bytes.len() }));
}
