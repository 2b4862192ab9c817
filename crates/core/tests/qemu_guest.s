# A guest in one sector: fills 128 blocks of 4 KiB with a number, then with the next one, and so on,
# each block by one request to the BIOS. It stops at the first request that fails.
.code16
.globl start
start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7c00, %sp
    sti
    cld
    movb %dl, 0x604
    movl $0, 0x600
pass:
    incl 0x600
    movl 0x600, %eax
    movw $0x8000, %di
    movw $1024, %cx
    rep stosl
    movl $64, packet + 0x7c00 + 8
block:
    movw $(packet + 0x7c00), %si
    movw $0x4300, %ax
    movb 0x604, %dl
    int $0x13
    jc stop
    addl $8, packet + 0x7c00 + 8
    cmpl $(64 + 8 * 128), packet + 0x7c00 + 8
    jb block
    jmp pass
stop:
    hlt
    jmp stop
packet:
    .byte 16, 0
    .word 8
    .word 0x8000, 0
    .long 0, 0
    .org 510
    .byte 0x55, 0xaa
