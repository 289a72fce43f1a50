// What the guest of the lockstep soak does: busybox at a mix of everything, in an order that follows from a seed, without end.
import type { BootPlan } from "../../src/machine/boot/plan.js";
import { Random } from "../differential/random.js";
import { file, type LinuxFiles, planLinux } from "../linux/linux.js";
import { RAM_BYTES } from "./lockstep-pair.js";
import { makeProgram } from "./lockstep-programs.js";

const PROGRAMS = 8;
/** Sv39, Sv48, Sv57. */
const PAGE_TABLES = ["no4lvl", "no5lvl", ""];

/** Each is the body of a shell function; `$n` is a number from 0 to 99. What they print is compared with all the rest. */
const TASKS: Readonly<Record<string, string>> = {
  loops:
    "i=0; s=0; while [ $i -lt $((n * 30)) ]; do i=$((i + 1)); s=$(((s * 31 + i) % 65521)); case $s in *7) s=$((s + 1));; esac; done; echo $s",
  forks: "i=0; while [ $i -lt $((n / 8 + 3)) ]; do i=$((i + 1)); /bin/true; (exit $i); s=$(echo $i $?); done; echo $s",
  packing: "seq 1 $((n * 40 + 10)) | gzip -$((n % 9 + 1)) | gunzip | sha256sum",
  sorting: "seq 1 $((n * 10 + 5)) | awk -v k=$n '{ print ($1 * 7919 + k) % 1009 }' | sort -n | uniq -c | sort -rn | head -3",
  floats: `awk -v n=$((n * 20)) 'BEGIN { for (i = 1; i < n; i++) { s += i / 7 - i * 0.3; r = s; for (k = 0; k < 5; k++) r = (r + i / r) / 2; t += r % 1.7; u += int(r * 1e6) % 17 }
    printf "%.15g %.15g %d %e\\n", s, t, u, 1 / 3e300 / 1e10 }'`,
  matrices: `awk -v n=$((n / 8 + 3)) 'BEGIN { for (i = 0; i < n; i++) for (j = 0; j < n; j++) for (k = 0; k < n; k++) c[i, j] += (i + k / 3) * (k - j * 0.7)
    for (x in c) s += c[x]; printf "%.12g\\n", s }'`,
  archives:
    "tar -cf $d/a.tar -C / etc init load && mkdir $d/x && tar -xf $d/a.tar -C $d/x && md5sum <$d/x/load && tar -tf $d/a.tar | wc -l",
  files:
    "for i in 1 2 3 4 5 6; do dd if=/dev/zero of=$d/f$i bs=$((n * 50 + 1)) count=$i 2>/dev/null; done; cp $d/f1 $d/g; ln -s g $d/l; mv $d/f2 $d/h; truncate -s $n $d/f3; find $d -type f | xargs cat | wc -c",
  jobs: "for i in 1 2 3; do (sleep 0.0$((n % 7 + i)); echo $i >>$d/done) & done; wait; sort $d/done | tr -d '\\n'; echo",
  signals: `c=0; trap 'c=$((c + 1))' USR1; (while :; do :; done) & p=$!; sleep 0.02; kill -STOP $p; kill -CONT $p; kill -TERM $p; wait $p; echo ended $?
    sh -c 'i=0; while [ $i -lt 9 ]; do i=$((i + 1)); kill -USR1 $PPID; done'; trap - USR1; echo caught $((c > 0))`,
  copies:
    "cp /bin/busybox $d/busybox1; $d/busybox1 sha1sum /load; rm $d/busybox1; cp /bin/busybox $d/busybox2; $d/busybox2 seq $n | tail -1",
  programs: `for k in 1 2 3 4; do /program$((n % ${PROGRAMS})) | md5sum; done`,
  texts:
    "sed -n 's/[aeiou]/<&>/gp' /load | head -$n | md5sum; grep -c 'e.*o' /load; cut -c1-$((n + 1)) /load | tr a-z A-Z | od -c | tail -2",
  memory: "x=$(seq 1 $((n * 50))); echo ${#x}; head -c $((n * 20000)) /dev/zero | tr '\\0' z | tail -c 5; echo",
  mounts: "mkdir $d/m; mount -t tmpfs -o size=1m tmp $d/m; head -c 2000000 /dev/zero >$d/m/f 2>/dev/null; ls -s $d/m/f; umount $d/m",
  compare:
    'seq $n >$d/a; seq $((n - 5)) 3 $((n + 5)) >$d/b; diff $d/a $d/b | wc -l; cmp $d/a $d/b | wc -c; base64 $d/a | md5sum; echo "$n 3 ^ p" | dc',
  kernel:
    "cat /proc/self/maps /proc/meminfo /proc/stat /proc/interrupts | wc -l; ls /sys/devices/* | wc -l; head -c 100 /dev/urandom | wc -c",
};

const LOAD = `r=$1
next() { r=$(((r * 1103515245 + 12345) & 2147483647)); n=$(((r >> 8) % $1)); }
${Object.entries(TASKS)
  .map(([name, body]) => `${name}() {\n${body}\n}`)
  .join("\n")}
pick() {
  next ${Object.keys(TASKS).length}
  case $n in ${Object.keys(TASKS)
    .map((name, n) => `${n}) t=${name};;`)
    .join(" ")} esac
  next 100
}
one() { d=/tmp/$1; mkdir $d; echo "$t $n"; $t; rm -rf $d; }
round=0
while [ $round -lt 40 ]; do
  round=$((round + 1))
  pick; one a >/tmp/a.out 2>&1 &
  pick
  case $((r >> 12 & 3)) in 0) wait;; esac
  one b 2>&1
  wait
  cat /tmp/a.out
done
`;

/**
 * DAMON and reclaim clear A bits without a flush of the TLB. That is allowed, and so is it to set A by speculation, as the translator does when it
 * looks for code; but then the guest sees which fetch translations there are, the one thing in which engines differ by design.
 */
const A_BITS_STAY = "damon_stat.enabled=0 sysctl.vm.watermark_boost_factor=0";

/** Debian's kernel with the load in an initramfs, on our firmware or on Debian's; that and the mode of the page tables are the seed's, too. */
export function planLoad(files: LinuxFiles, seed: number): BootPlan {
  const random = new Random(seed);
  return planLinux(files, {
    ramBytes: RAM_BYTES,
    board: { rngSeed: Uint8Array.from({ length: 32 }, () => random.below(256)) },
    append: `${random.pick(PAGE_TABLES)} ${A_BITS_STAY}`,
    ...(random.chance(3) ? { bios: files.firmware } : {}),
    extra: [
      file("load", 0o755, new TextEncoder().encode(LOAD)),
      ...Array.from({ length: PROGRAMS }, (_, n) => file(`program${n}`, 0o755, makeProgram(seed * PROGRAMS + n))),
    ],
    init: `s=${seed}000; while :; do sh /load $s; s=$((s + 1)); done`,
  });
}
