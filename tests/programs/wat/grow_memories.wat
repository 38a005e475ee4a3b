;; Grows two memories, in large steps and in small ones, until it is refused more, then fails for want of it.
(component
    (core module $other
        (memory 1)
        (func (export "grow")
            (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))))
    (core module $m
        (import "other" "grow" (func $grow-other))
        (memory 1)
        (func (export "run") (result i32)
            (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
            (call $grow-other)
            (i32.const 1)))
    (core instance $o (instantiate $other))
    (core instance $i (instantiate $m (with "other" (instance $o))))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $exported (export "run" (func $run)))
    (export "wasi:cli/run@0.2.6" (instance $exported)))
