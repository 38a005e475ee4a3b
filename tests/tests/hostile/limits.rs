//! Every limit: what meets it, the code with which that ends, and what `usage` says of it.
//!
//! [`ROWS`] has a row for each field of [`Limits`], and in it the tests that hold it. What of the table is no field, since nobody
//! changes it, is in `schema`.

mod admission;
mod held;
mod loading;
mod outbound;
mod running;
mod schema;

use pocket_runtime::{Called, Code, Limits};

use crate::compiling;

/// A limit, and the tests that hold it.
type Row = (&'static str, &'static [fn()]);

/// The fields of [`Limits`], each with the tests that hold it.
const ROWS: &[Row] = &[
    (
        "timeout",
        &[
            running::a_call_has_so_much_wall_time,
            outbound::nothing_is_waited_for_past_the_time_of_the_call,
        ],
    ),
    ("timeout_max", &[running::no_tool_has_more_than_the_maxima]),
    (
        "memory",
        &[
            running::memory_ends_at_its_limit_in_steps_and_at_once,
            running::several_memories_have_one_limit_together,
        ],
    ),
    ("memory_max", &[running::no_tool_has_more_than_the_maxima]),
    ("memory_of_all_calls", &[admission::the_memory_of_all_calls_has_a_limit]),
    ("core_instances", &[loading::parts_of_a_component_have_limits]),
    ("memories", &[loading::parts_of_a_component_have_limits]),
    ("tables", &[loading::parts_of_a_component_have_limits]),
    ("table_elements", &[running::tables_end_at_their_limit]),
    ("calls", &[admission::calls_at_one_time_have_a_limit]),
    ("calls_per_profile", &[admission::calls_of_one_profile_have_a_limit]),
    ("calls_per_tool", &[admission::calls_of_one_tool_have_a_limit]),
    ("waiting", &[admission::so_many_calls_wait_and_the_next_is_busy_at_once]),
    ("waiting_time", &[admission::a_call_waits_so_long_and_no_longer]),
    ("input", &[running::an_input_has_so_many_bytes]),
    ("output", &[running::an_output_has_so_many_bytes]),
    ("log", &[running::a_log_is_cut_and_marked_and_ends_nothing]),
    (
        "reports_per_second",
        &[running::reports_are_left_out_and_marked_and_end_nothing],
    ),
    ("environment", &[loading::an_environment_has_so_many_bytes]),
    ("requests", &[outbound::requests_of_a_call_have_limits]),
    ("request_bytes", &[outbound::requests_of_a_call_have_limits]),
    ("response_bytes", &[outbound::requests_of_a_call_have_limits]),
    ("connect_timeout", &[outbound::a_server_is_waited_for_so_long]),
    ("first_byte_timeout", &[outbound::a_server_is_waited_for_so_long]),
    ("between_bytes_timeout", &[outbound::a_server_is_waited_for_so_long]),
    ("resources", &[held::what_the_host_holds_for_a_guest_has_limits]),
    ("handles", &[held::what_the_host_holds_for_a_guest_has_limits]),
    ("fields", &[held::what_the_host_holds_for_a_guest_has_limits]),
    ("hostcall", &[held::what_the_host_holds_for_a_guest_has_limits]),
    ("random", &[held::what_the_host_holds_for_a_guest_has_limits]),
    ("component", &[loading::a_component_has_so_many_bytes]),
    (
        "compile_timeout",
        &[compiling::a_compiler_that_hangs_is_ended_and_the_next_component_is_compiled],
    ),
    (
        "compile_memory",
        &[compiling::a_compiler_that_takes_too_much_memory_dies_alone],
    ),
    ("compiles", &[loading::so_many_components_are_compiled_at_one_time]),
    ("compiled_code", &[loading::compiled_code_is_kept_up_to_a_size]),
];

/// No pattern outside its crate can name all fields of a struct that may get more, but what it prints of itself does.
#[test]
fn every_limit_has_a_row_with_a_test() {
    let printed = format!("{:#?}", Limits::default());
    let fields: Vec<&str> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once(": "))
        .map(|(name, _value)| name)
        .collect();
    let rows: Vec<&str> = ROWS.iter().map(|(name, _tests)| *name).collect();
    assert_eq!(rows, fields, "the rows are the fields of `Limits`, in their order");
    assert!(ROWS.iter().all(|(_name, tests)| !tests.is_empty()));
}

/// How a call ended.
fn code(called: &Called) -> Code {
    called
        .ended
        .as_ref()
        .err()
        .map_or(Code::Ok, pocket_runtime::Error::code)
}

/// A call ended with this code, in words that have this in them.
fn ended(called: &Called, expected: Code, words: &str) {
    assert_eq!(code(called), expected, "{called:?}");
    if let Err(error) = &called.ended {
        assert!(error.to_string().contains(words), "`{words}`: {error}");
    }
}
