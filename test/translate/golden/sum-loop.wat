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
  (local $22 i64)
  (local $23 i64)
  (local $24 i64)
  (local $25 i64)
  (local $26 i32)
  (block $block8
   (block $block4
    (block $block
     (block $block1
      (br_table $block $block1
       (i32.sub
        (local.get $3)
        (i32.const 1)
       )
      )
     )
     (local.set $1
      (i32.sub
       (local.get $1)
       (i32.const 1)
      )
     )
     (local.set $25
      (i64.add
       (i64.const 0)
       (i64.const 0)
      )
     )
     (i64.store offset=1120 align=1
      (i32.const 131072)
      (local.get $25)
     )
    )
    (local.set $22
     (i64.load offset=1032 align=1
      (i32.const 131072)
     )
    )
    (local.set $23
     (i64.load offset=1104 align=1
      (i32.const 131072)
     )
    )
    (local.set $24
     (i64.load offset=1112 align=1
      (i32.const 131072)
     )
    )
    (local.set $25
     (i64.load offset=1120 align=1
      (i32.const 131072)
     )
    )
    (loop $label
     (block $block7
      (block $block2
       (local.set $3
        (i32.const 0)
       )
       (@metadata.code.branch_hint "\00")
       (if
        (i32.le_s
         (local.get $1)
         (i32.const 0)
        )
        (then
         (local.set $4
          (i32.const 131072)
         )
         (br $block2)
        )
       )
       (block $block3
        (local.set $9
         (local.get $23)
        )
        (@metadata.code.branch_hint "\00")
        (if
         (i64.ne
          (i64.and
           (local.get $9)
           (i64.const -4096)
          )
          (i64.load align=1
           (i32.const 48259104)
          )
         )
         (then
          (@metadata.code.branch_hint "\00")
          (br_if $block3
           (i64.ne
            (i64.and
             (local.get $9)
             (i64.const -4096)
            )
            (i64.load offset=33554432 align=1
             (local.tee $7
              (i32.and
               (i32.shr_u
                (i32.wrap_i64
                 (local.get $9)
                )
                (i32.const 8)
               )
               (i32.const 4194288)
              )
             )
            )
           )
          )
          (i64.store align=1
           (i32.const 48259104)
           (i64.load offset=33554432 align=1
            (local.get $7)
           )
          )
          (i32.store offset=8 align=1
           (i32.const 48259104)
           (i32.load offset=33554440 align=1
            (local.get $7)
           )
          )
          (i32.store offset=12 align=1
           (i32.const 48259104)
           (i32.add
            (i32.load offset=12 align=1
             (i32.const 48259104)
            )
            (i32.const 1)
           )
          )
          (i32.store8
           (i32.const 48267270)
           (i32.const 1)
          )
         )
        )
        (@metadata.code.branch_hint "\00")
        (br_if $block3
         (i32.gt_u
          (i32.and
           (i32.wrap_i64
            (local.get $9)
           )
           (i32.const 4095)
          )
          (i32.const 4080)
         )
        )
        (local.set $26
         (i32.add
          (i32.wrap_i64
           (local.get $9)
          )
          (i32.load offset=8 align=1
           (i32.const 48259104)
          )
         )
        )
        (local.set $1
         (i32.sub
          (local.get $1)
          (i32.const 20)
         )
        )
        (local.set $22
         (i64.load32_s align=1
          (local.get $26)
         )
        )
        (local.set $25
         (i64.add
          (local.get $25)
          (local.get $22)
         )
        )
        (local.set $23
         (i64.add
          (local.get $23)
          (i64.const 4)
         )
        )
        (local.set $24
         (i64.add
          (local.get $24)
          (i64.const -1)
         )
        )
        (if
         (i32.eqz
          (i64.ne
           (local.get $24)
           (i64.const 0)
          )
         )
         (then
          (local.set $1
           (i32.sub
            (local.get $1)
            (i32.const -15)
           )
          )
          (i64.store offset=1032 align=1
           (i32.const 131072)
           (local.get $22)
          )
          (i64.store offset=1104 align=1
           (i32.const 131072)
           (local.get $23)
          )
          (i64.store offset=1112 align=1
           (i32.const 131072)
           (local.get $24)
          )
          (i64.store offset=1120 align=1
           (i32.const 131072)
           (local.get $25)
          )
          (br $block4)
         )
        )
        (local.set $22
         (i64.load32_s offset=4 align=1
          (local.get $26)
         )
        )
        (local.set $25
         (i64.add
          (local.get $25)
          (local.get $22)
         )
        )
        (local.set $23
         (i64.add
          (local.get $23)
          (i64.const 4)
         )
        )
        (local.set $24
         (i64.add
          (local.get $24)
          (i64.const -1)
         )
        )
        (if
         (i32.eqz
          (i64.ne
           (local.get $24)
           (i64.const 0)
          )
         )
         (then
          (local.set $1
           (i32.sub
            (local.get $1)
            (i32.const -10)
           )
          )
          (i64.store offset=1032 align=1
           (i32.const 131072)
           (local.get $22)
          )
          (i64.store offset=1104 align=1
           (i32.const 131072)
           (local.get $23)
          )
          (i64.store offset=1112 align=1
           (i32.const 131072)
           (local.get $24)
          )
          (i64.store offset=1120 align=1
           (i32.const 131072)
           (local.get $25)
          )
          (br $block4)
         )
        )
        (local.set $22
         (i64.load32_s offset=8 align=1
          (local.get $26)
         )
        )
        (local.set $25
         (i64.add
          (local.get $25)
          (local.get $22)
         )
        )
        (local.set $23
         (i64.add
          (local.get $23)
          (i64.const 4)
         )
        )
        (local.set $24
         (i64.add
          (local.get $24)
          (i64.const -1)
         )
        )
        (if
         (i32.eqz
          (i64.ne
           (local.get $24)
           (i64.const 0)
          )
         )
         (then
          (local.set $1
           (i32.sub
            (local.get $1)
            (i32.const -5)
           )
          )
          (i64.store offset=1032 align=1
           (i32.const 131072)
           (local.get $22)
          )
          (i64.store offset=1104 align=1
           (i32.const 131072)
           (local.get $23)
          )
          (i64.store offset=1112 align=1
           (i32.const 131072)
           (local.get $24)
          )
          (i64.store offset=1120 align=1
           (i32.const 131072)
           (local.get $25)
          )
          (br $block4)
         )
        )
        (local.set $22
         (i64.load32_s offset=12 align=1
          (local.get $26)
         )
        )
        (local.set $25
         (i64.add
          (local.get $25)
          (local.get $22)
         )
        )
        (local.set $23
         (i64.add
          (local.get $23)
          (i64.const 4)
         )
        )
        (local.set $24
         (i64.add
          (local.get $24)
          (i64.const -1)
         )
        )
        (if
         (i32.eqz
          (i64.ne
           (local.get $24)
           (i64.const 0)
          )
         )
         (then
          (i64.store offset=1032 align=1
           (i32.const 131072)
           (local.get $22)
          )
          (i64.store offset=1104 align=1
           (i32.const 131072)
           (local.get $23)
          )
          (i64.store offset=1112 align=1
           (i32.const 131072)
           (local.get $24)
          )
          (i64.store offset=1120 align=1
           (i32.const 131072)
           (local.get $25)
          )
          (br $block4)
         )
        )
        (br $label)
       )
       (local.set $1
        (i32.sub
         (local.get $1)
         (i32.const 5)
        )
       )
       (block $block6
        (block $block5
         (local.set $9
          (local.get $23)
         )
         (@metadata.code.branch_hint "\00")
         (if
          (i64.ne
           (i64.and
            (local.get $9)
            (i64.const -4093)
           )
           (i64.load align=1
            (i32.const 48259104)
           )
          )
          (then
           (@metadata.code.branch_hint "\00")
           (br_if $block5
            (i64.ne
             (i64.and
              (local.get $9)
              (i64.const -4093)
             )
             (i64.load offset=33554432 align=1
              (local.tee $7
               (i32.and
                (i32.shr_u
                 (i32.wrap_i64
                  (local.get $9)
                 )
                 (i32.const 8)
                )
                (i32.const 4194288)
               )
              )
             )
            )
           )
           (i64.store align=1
            (i32.const 48259104)
            (i64.load offset=33554432 align=1
             (local.get $7)
            )
           )
           (i32.store offset=8 align=1
            (i32.const 48259104)
            (i32.load offset=33554440 align=1
             (local.get $7)
            )
           )
           (i32.store offset=12 align=1
            (i32.const 48259104)
            (i32.add
             (i32.load offset=12 align=1
              (i32.const 48259104)
             )
             (i32.const 1)
            )
           )
           (i32.store8
            (i32.const 48267270)
            (i32.const 1)
           )
          )
         )
         (local.set $26
          (i32.add
           (i32.wrap_i64
            (local.get $9)
           )
           (i32.load offset=8 align=1
            (i32.const 48259104)
           )
          )
         )
         (br $block6)
        )
        (local.set $4
         (i32.const 131077)
        )
        (br $block2)
       )
       (local.set $22
        (i64.load32_s align=1
         (local.get $26)
        )
       )
       (local.set $25
        (i64.add
         (local.get $25)
         (local.get $22)
        )
       )
       (local.set $23
        (i64.add
         (local.get $23)
         (i64.const 4)
        )
       )
       (local.set $24
        (i64.add
         (local.get $24)
         (i64.const -1)
        )
       )
       (br_if $label
        (i64.ne
         (local.get $24)
         (i64.const 0)
        )
       )
       (i64.store offset=1032 align=1
        (i32.const 131072)
        (local.get $22)
       )
       (i64.store offset=1104 align=1
        (i32.const 131072)
        (local.get $23)
       )
       (i64.store offset=1112 align=1
        (i32.const 131072)
        (local.get $24)
       )
       (i64.store offset=1120 align=1
        (i32.const 131072)
        (local.get $25)
       )
       (br $block7)
      )
      (i64.store offset=1032 align=1
       (i32.const 131072)
       (local.get $22)
      )
      (i64.store offset=1104 align=1
       (i32.const 131072)
       (local.get $23)
      )
      (i64.store offset=1112 align=1
       (i32.const 131072)
       (local.get $24)
      )
      (i64.store offset=1120 align=1
       (i32.const 131072)
       (local.get $25)
      )
      (br $block8)
     )
    )
   )
   (local.set $1
    (i32.sub
     (local.get $1)
     (i32.const 1)
    )
   )
   (i64.store align=1
    (i32.const 131072)
    (i64.add
     (local.get $0)
     (i64.const 25)
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
