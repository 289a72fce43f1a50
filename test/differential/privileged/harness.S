# Runs the cases that case-record.ts lays out, one after the other: sets the hart up as the record says, enters the code of
# the case, and writes down the first trap that comes out of it. Offsets are those of case-record.ts.
#
# x31 is the context (kept in mscratch while a case runs). Traps delegated to S-mode are reported to M-mode by an ecall,
# with what S-mode saw in x26 to x30; that handler needs nothing but registers.

.equ IN_BYTES, 256
.equ OUT_BYTES, 128
.equ WRITES, 6
.equ CTX_LEFT, 0
.equ CTX_IN, 8
.equ CTX_OUT, 16
.equ CTX_X30, 24
.equ CASES, 0x80200000
.equ RESULTS, 0x84000000
.equ COUNT, 0x80100000
.equ CLINT, 0x2000000

.option nopic
.section .text
.globl _start
_start:
  csrr t0, mhartid
  beqz t0, 1f
0:
  wfi                          # QEMU has a second hart, so that it takes an AMO for what it is
  j 0b
1:
  la x31, context
  li t0, COUNT
  ld t0, 0(t0)
  sd t0, CTX_LEFT(x31)
  li t0, CASES
  sd t0, CTX_IN(x31)
  li t0, RESULTS
  sd t0, CTX_OUT(x31)
  csrw mscratch, x31

next_case:
  csrw mie, zero
  csrw satp, zero
  la t0, m_vectors
  csrw mtvec, t0
  ld t0, CTX_LEFT(x31)
  bnez t0, 1f
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
0:
  j 0b
1:
  ld x29, CTX_IN(x31)
  .set n, 0
  .rept WRITES
  ld x28, n * 16(x29)
  beqz x28, 1f
  ld x27, n * 16 + 8(x29)
  sd x27, 0(x28)
  .set n, n + 1
  .endr
1:
  fence.i
  .irp csr, 0x342, 0x343, 0x140, 0x142, 0x143, 0x10a  # what the last case left in mcause, mtval and the like
  csrw \csr, zero
  .endr
  li t0, CLINT
  ld t1, 248(x29)              # bit 0: msip, bit 1: mtimecmp has passed, bit 2: enter by a jump in M-mode
  andi t2, t1, 1
  sw t2, 0(t0)
  li t0, CLINT + 0x4000
  andi t1, t1, 2
  addi t1, t1, -1
  srai t1, t1, 1               # all ones, or 0
  sd t1, 0(t0)
  csrw 0x3a0, zero             # pmpcfg0
  ld t0, 184(x29)
  csrw 0x3b0, t0
  ld t0, 192(x29)
  csrw 0x3b1, t0
  ld t0, 200(x29)
  csrw 0x3b2, t0
  ld t0, 208(x29)
  csrw 0x3b3, t0
  li t0, -1
  csrw 0x3b7, t0
  ld t0, 176(x29)
  csrw 0x3a0, t0
  ld t0, 232(x29)
  csrw 0x30a, t0               # menvcfg
  ld t0, 240(x29)
  csrw 0x14d, t0               # stimecmp
  li t0, 7
  csrw mcounteren, t0
  csrw scounteren, t0
  ld t0, 120(x29)
  csrw medeleg, t0
  ld t0, 128(x29)
  csrw mideleg, t0
  ld t0, 144(x29)
  csrw mip, t0
  ld t0, 136(x29)
  csrw mie, t0
  ld t0, 152(x29)
  csrw mtvec, t0
  ld t0, 160(x29)
  csrw stvec, t0
  ld t0, 168(x29)
  csrw sepc, t0
  ld t0, 96(x29)
  csrw satp, t0
  sfence.vma
  ld x26, 248(x29)
  andi x26, x26, 4
  ld x27, 112(x29)
  csrw mepc, x27
  ld x28, 104(x29)
  ld a0, 216(x29)
  ld a1, 224(x29)
  .irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 29, 30, 31
  mv x\r, a1
  .endr
  csrw mstatus, x28            # from here on no memory access: MPRV may be set
  bnez x26, 1f
  mv x26, a1
  mv x27, a1
  mv x28, a1
  mret
1:
  mv x28, a1
  jr x27

# ------------------------------------------------------------------------------------------------ traps into M-mode
.balign 256
.globl m_vectors
m_vectors:
  .option push
  .option norvc
  .set n, 0
  .rept 16
  j m_entries + n * 16
  .set n, n + 1
  .endr
m_entries:
  .set n, 0
  .rept 16
  csrrw x31, mscratch, x31
  sd x30, CTX_X30(x31)
  li x30, 3 + n * 16
  j m_trap
  .set n, n + 1
  .endr
  .option pop

m_trap:
  csrw mscratch, x31
  csrw 0x3a0, zero             # a region that covers half of an access fails it in M-mode too
  sd x29, 32(x31)
  sd x28, 40(x31)
  ld x29, CTX_OUT(x31)
  csrr x28, mcause
  sd x28, 8(x29)
  sd a0, 40(x29)
  sd a1, 48(x29)
  sd a2, 56(x29)
  csrr a0, mepc
  sd a0, 16(x29)
  csrr a1, mtval
  sd a1, 24(x29)
  csrr a1, mstatus
  sd a1, 32(x29)
  sd x30, 0(x29)
  csrr a1, mip
  sd a1, 112(x29)
  la a1, s_report
  bne a0, a1, 1f
  li a1, 9
  bne x28, a1, 1f
  ld a0, CTX_X30(x31)
  sd a0, 0(x29)
  ld a0, 32(x31)
  sd a0, 16(x29)
  ld a0, 40(x31)
  sd a0, 8(x29)
  sd x27, 24(x29)
  sd x26, 32(x29)
1:
  ld x28, CTX_IN(x31)
  .set n, 0
  .rept WRITES
  ld a0, n * 16(x28)
  beqz a0, 1f
  ld a0, 0(a0)
  sd a0, 64 + n * 8(x29)
  .set n, n + 1
  .endr
1:
  addi x29, x29, OUT_BYTES
  sd x29, CTX_OUT(x31)
  addi x28, x28, IN_BYTES
  sd x28, CTX_IN(x31)
  ld a0, CTX_LEFT(x31)
  addi a0, a0, -1
  sd a0, CTX_LEFT(x31)
  j next_case

# ------------------------------------------------------------------------------------------------ traps into S-mode
.balign 256
.globl s_vectors
s_vectors:
  .option push
  .option norvc
  .set n, 0
  .rept 16
  j s_entries + n * 8
  .set n, n + 1
  .endr
s_entries:
  .set n, 0
  .rept 16
  li x30, 1 + n * 16
  j s_trap
  .set n, n + 1
  .endr
  .option pop
s_trap:
  csrr x29, sepc
  csrr x28, scause
  csrr x27, stval
  csrr x26, sstatus
.globl s_report
s_report:
  ecall

.balign 4
.globl landing                 # where xRET of a case leads
landing:
  ecall

.balign 8
context:
  .skip 64
