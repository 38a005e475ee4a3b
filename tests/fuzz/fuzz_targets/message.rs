#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pocket_server::fuzzing::message(bytes));
