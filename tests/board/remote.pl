# A Bluetooth remote with one button and a battery, by /dev/uhid: the kernel sees a HID device, its driver
# an input device and a battery. Run on the board as: perl remote.pl NAME. It obeys lines in the fifo
# /run/remote: down, up, presses N, wait SECONDS, battery PERCENT; its death takes the device away.
# With a wire's file of gpio-sim (presses N FILE) its hand presses the wire. What it pressed is in
# /run/presses, by the board's own clock (CLOCK_MONOTONIC): "remote" or "wire", seconds down, seconds up.
use strict;
use warnings;

use constant {CREATE => 11, INPUT => 12, GET_REPORT => 9, ANSWER => 10, BLUETOOTH => 5};
use constant {CLOCK_GETTIME => 113, MONOTONIC => 1};
# A keyboard of one key, the A, in report 1; the strength of its battery, in percent, in report 2.
my $descriptor = pack "H*", join "",
    qw(0501 0906 a101 8501 0507 1904 2904 1500 2501 7501 9501 8102 7507 9501 8103
       8502 0506 0920 1500 266400 7508 9501 8102 c0);
my $battery = 80;

open my $hid, "+<", "/dev/uhid" or die "no /dev/uhid: $!";
open my $orders, "+<", "/run/remote" or die "no /run/remote: $!";

sub put { syswrite $hid, $_[0] or die "the kernel refused it: $!" }
sub report { my ($id, $value) = @_; put(pack "L S C C", INPUT, 2, $id, $value) }

# Answers the kernel's questions, for so many seconds or until an order comes.
sub serve {
    my ($until, $hurry) = (time_now() + $_[0], $_[1]);
    while ((my $left = $until - time_now()) > 0) {
        my $wait = "";
        vec($wait, fileno $hid, 1) = 1;
        vec($wait, fileno $orders, 1) = 1 if $hurry;
        next if select($wait, undef, undef, $left) <= 0;
        if (vec $wait, fileno $hid, 1) {
            sysread $hid, my $event, 8192 or die "the kernel is gone: $!";
            my ($kind, $number) = unpack "L L", $event;
            put(pack "L L S S C C", ANSWER, $number, 0, 2, 2, $battery) if $kind == GET_REPORT;
        } else {
            return;
        }
    }
}

sub time_now {
    my $time = "\0" x 16;
    syscall(CLOCK_GETTIME, MONOTONIC, $time) == 0 or die "no clock: $!";
    my ($s, $ns) = unpack "q q", $time;
    return $s + $ns / 1e9;
}

sub pull {
    my ($wire, $how) = @_;
    open my $f, ">", $wire or die "no $wire: $!";
    syswrite $f, $how or die "$wire: $!";
}

# As long as chance says, which is the same each time.
srand 20;
sub between { my ($least, $most) = @_; $least + rand($most - $least) }

sub presses {
    my ($number, $wire) = @_;
    open my $log, ">>", "/run/presses" or die "no /run/presses: $!";
    for (1 .. $number) {
        my $down = time_now();
        $wire ? pull($wire, "pull-down") : report(1, 1);
        serve(between(0.06, 0.3), 0);
        my $up = time_now();
        $wire ? pull($wire, "pull-up") : report(1, 0);
        printf $log "%s %.6f %.6f\n", $wire ? "wire" : "remote", $down, $up;
        serve(between(0.1, 0.3), 0);
    }
}

put(pack "L a128 a64 a64 S S L L L L a*", CREATE, $ARGV[0], "", "", length $descriptor, BLUETOOTH,
    0x1209, 1, 1, 0, $descriptor);
serve(2, 0);
report(2, $battery);
while (1) {
    serve(3600, 1);
    sysread $orders, my $lines, 4096 or die "no order: $!";
    for (split /\n/, $lines) {
        my ($order, $number, $wire) = split;
        if ($order eq "presses") {
            presses($number, $wire);
        } elsif ($order eq "wait") {
            serve($number, 0);
        } elsif ($order eq "battery") {
            report(2, $battery = $number);
        } else {
            report(1, $order eq "down" ? 1 : 0);
        }
    }
}
