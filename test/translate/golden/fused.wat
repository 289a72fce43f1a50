(module
 (type $0 (func (param i64 i32 i32 i32) (result i32)))
 (type $1 (func (param i64 i32 i32) (result i32)))
 (import "machine" "memory" (memory $mimport$0 1))
 (import "machine" "helpers" (table $timport$0 7 funcref))
 (export "run" (func $0))
 (func $0 (type $0) (param $0 i64) (param $1 i32) (param $2 i32) (param $3 i32) (result i32)
  (local $4 i32)
  (local $5 i32)
  (local $6 i32)
  (local $7 i32)
  (local $8 i32)
  (local $9 i64)
  (local $10 i64)
  (local $11 i64)
  (local $12 i64)
  (local $13 i64)
  (local $14 f64)
  (local $15 f64)
  (local $16 f64)
  (local $17 f64)
  (local $18 f32)
  (local $19 f32)
  (local $20 f32)
  (local $21 f32)
  (local $22 f64)
  (local $23 f64)
  (local $24 f64)
  (local $25 f64)
  (local $26 f64)
  (local $27 f64)
  (local $28 f64)
  (local $scratch f64)
  (local $scratch_30 f64)
  (local.set $6
   (i32.or
    (i32.eq
     (i32.load offset=76 align=1
      (i32.const 131072)
     )
     (i32.const 3)
    )
    (i32.shl
     (i32.eq
      (i32.and
       (i32.load offset=288 align=1
        (i32.const 131072)
       )
       (i32.const 225)
      )
      (i32.const 1)
     )
     (i32.const 1)
    )
   )
  )
  (local.set $23
   (f64.load offset=1296 align=1
    (i32.const 131072)
   )
  )
  (local.set $24
   (f64.load offset=1304 align=1
    (i32.const 131072)
   )
  )
  (local.set $25
   (f64.load offset=1312 align=1
    (i32.const 131072)
   )
  )
  (local.set $27
   (f64.load offset=1328 align=1
    (i32.const 131072)
   )
  )
  (local.set $28
   (f64.load offset=1336 align=1
    (i32.const 131072)
   )
  )
  (block
   (local.set $1
    (i32.sub
     (local.get $1)
     (i32.const 3)
    )
   )
   (@metadata.code.branch_hint "\00")
   (if
    (i32.ne
     (i32.and
      (local.get $6)
      (i32.const 3)
     )
     (i32.const 3)
    )
    (then
     (i64.store align=1
      (i32.const 131072)
      (i64.add
       (local.get $0)
       (i64.const 1)
      )
     )
     (return
      (i32.add
       (local.get $1)
       (i32.const 3)
      )
     )
    )
   )
   (if
    (i32.gt_u
     (i32.sub
      (i32.and
       (i32.wrap_i64
        (i64.shr_u
         (i64.reinterpret_f64
          (local.tee $17
           (f64x2.extract_lane 0
            (f64x2.relaxed_madd
             (f64x2.splat
              (local.tee $14
               (block (result f64)
                (local.set $scratch_30
                 (local.get $23)
                )
                (local.set $15
                 (block (result f64)
                  (local.set $scratch
                   (local.get $24)
                  )
                  (local.set $16
                   (local.get $25)
                  )
                  (local.get $scratch)
                 )
                )
                (local.get $scratch_30)
               )
              )
             )
             (f64x2.splat
              (local.get $15)
             )
             (f64x2.splat
              (local.get $16)
             )
            )
           )
          )
         )
         (i64.const 52)
        )
       )
       (i32.const 2047)
      )
      (i32.const 2)
     )
     (i32.const 2044)
    )
    (then
     (@metadata.code.branch_hint "\00")
     (if
      (i32.eqz
       (i32.and
        (i32.or
         (f64.eq
          (local.get $14)
          (f64.const 0)
         )
         (f64.eq
          (local.get $15)
          (f64.const 0)
         )
        )
        (f64.eq
         (local.get $17)
         (f64.const 0)
        )
       )
      )
      (then
       (i64.store align=1
        (i32.const 131072)
        (i64.add
         (local.get $0)
         (i64.const 1)
        )
       )
       (return
        (i32.add
         (local.get $1)
         (i32.const 3)
        )
       )
      )
     )
    )
   )
   (local.set $22
    (local.get $17)
   )
   (f64.store offset=1288 align=1
    (i32.const 131072)
    (local.get $22)
   )
   (@metadata.code.branch_hint "\00")
   (if
    (i32.eqz
     (f32.lt
      (f32.abs
       (local.tee $21
        (f32.add
         (f32.reinterpret_i32
          (select
           (i32.wrap_i64
            (local.tee $11
             (i64.reinterpret_f64
              (local.get $27)
             )
            )
           )
           (i32.const 2143289344)
           (i64.ge_u
            (local.get $11)
            (i64.const -4294967296)
           )
          )
         )
         (f32.reinterpret_i32
          (select
           (i32.wrap_i64
            (local.tee $11
             (i64.reinterpret_f64
              (local.get $28)
             )
            )
           )
           (i32.const 2143289344)
           (i64.ge_u
            (local.get $11)
            (i64.const -4294967296)
           )
          )
         )
        )
       )
      )
      (f32.const inf)
     )
    )
    (then
     (i64.store align=1
      (i32.const 131072)
      (i64.add
       (local.get $0)
       (i64.const 5)
      )
     )
     (return
      (i32.add
       (local.get $1)
       (i32.const 2)
      )
     )
    )
   )
   (local.set $26
    (f64.reinterpret_i64
     (i64.or
      (i64.extend_i32_u
       (i32.reinterpret_f32
        (local.get $21)
       )
      )
      (i64.const -4294967296)
     )
    )
   )
   (f64.store offset=1320 align=1
    (i32.const 131072)
    (local.get $26)
   )
   (i64.store align=1
    (i32.const 131072)
    (i64.add
     (local.get $0)
     (i64.const 9)
    )
   )
   (return
    (i32.add
     (local.get $1)
     (i32.const 1)
    )
   )
  )
  (local.set $10
   (i64.add
    (local.get $0)
    (i64.extend_i32_s
     (i32.shl
      (i32.shr_s
       (local.get $4)
       (i32.const 16)
      )
      (i32.const 1)
     )
    )
   )
  )
  (if
   (i32.eqz
    (local.tee $5
     (i32.and
      (local.get $4)
      (i32.const 65535)
     )
    )
   )
   (then
    (return_call_indirect $timport$0 (type $1)
     (local.get $10)
     (local.get $1)
     (local.get $2)
     (i32.const 1)
    )
   )
  )
  (i64.store align=1
   (i32.const 131072)
   (i64.add
    (local.get $10)
    (i64.const 1)
   )
  )
  (i32.add
   (local.get $1)
   (local.get $5)
  )
 )
 ;; custom section "reloc.CODE", size 4
)
