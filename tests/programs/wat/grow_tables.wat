;; Grows two tables until it is refused more, then fails for want of it.
(component
    (core module $m
        (table $first 1 funcref)
        (table $second 1 funcref)
        (func (export "run") (result i32)
            (loop (br_if 0 (i32.ne (table.grow $first (ref.null func) (i32.const 1000)) (i32.const -1))))
            (loop (br_if 0 (i32.ne (table.grow $second (ref.null func) (i32.const 1)) (i32.const -1))))
            (i32.const 1)))
    (core instance $i (instantiate $m))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $exported (export "run" (func $run)))
    (export "wasi:cli/run@0.2.6" (instance $exported)))
