# The lab's hand inside a sandbox: process 1 there. Reads requests on standard input, one header line and its payload
# each, does them one at a time, answers on standard output. Ends, and with it everything inside, when its input ends.
#
# It keeps capabilities that the page's steps do not get (to trace, to change capabilities, to copy whiteouts), so that
# not even a step that runs as root can reach into it.
use strict;
use warnings;
use POSIX ();

my %SYSCALL = (
    x86_64  => { prctl => 157, sethostname => 170, keyctl => 250 },
    aarch64 => { prctl => 167, sethostname => 161, keyctl => 219 },
);
my $machine = (POSIX::uname())[4];
my $call = $SYSCALL{$machine} or die "the lab does not know the machine $machine\n";
my ($PR_CAPBSET_DROP, $PR_SET_CHILD_SUBREAPER, $PR_CAP_AMBIENT, $PR_CAP_AMBIENT_CLEAR_ALL) = (24, 36, 47, 4);
# CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID, and NET_BIND_SERVICE for servers on low ports
my %STEP_KEEPS = map { $_ => 1 } 0, 1, 3, 5, 6, 7, 10;
my $LISTEN = '0A';
my $POLL = 0.005;
my $STOP_SECONDS = 5;

$0 = 'lab';
$^F = 2;
$| = 1;
binmode STDIN;
binmode STDOUT;
$SIG{PIPE} = 'IGNORE';
%ENV = ();
umask 0022;
# Whatever the starter had open and forgot; 8 and 9 are ours (the upper layer, where to save it).
opendir my $fds, '/proc/self/fd' or die "no /proc: $!\n";
for my $fd (readdir $fds) { POSIX::close($fd) if $fd =~ /^\d+$/ && $fd > 2 && $fd != 8 && $fd != 9 && $fd != fileno_of($fds) }
closedir $fds;
symlink '/proc/self/fd', '/dev/fd';
symlink "/proc/self/fd/$_->[0]", "/dev/$_->[1]" for [0, 'stdin'], [1, 'stdout'], [2, 'stderr'];
symlink 'pts/ptmx', '/dev/ptmx';
my $hostname = 'lab';
syscall($call->{sethostname}, $hostname, 3);
syscall($call->{keyctl}, 1, 0, 0, 0, 0);
loopback_up();

my %dead;      # process → wait status, of what ended and was not asked for yet
my %services;  # name → its supervisor's process
pipe my $wake_read, my $wake_write or die "pipe: $!\n";
$SIG{CHLD} = sub { syswrite $wake_write, '.' };

my $buffer = '';
answer('ready', '');
while (defined(my $line = read_line())) {
    my ($verb, @args) = split / /, $line;
    my @payload = map { read_bytes($_) } split /,/, pop @args;
    my $reply = eval { handle($verb, \@args, \@payload); 1 };
    answer('failed', "$@") unless $reply;
}
exit 0;

sub fileno_of { my ($handle) = @_; my $n = eval { fileno $handle }; return defined $n ? $n : -1 }

sub loopback_up {
    socket my $socket, 2, 2, 0 or die "socket: $!\n";
    my $flags = pack 'a16 s x22', 'lo', 0x1 | 0x40;
    ioctl $socket, 0x8914, $flags or die "the loopback interface cannot be brought up: $!\n";
}

sub fill_buffer {
    while (1) {
        my $got = sysread STDIN, $buffer, 65536, length $buffer;
        next if !defined $got && $!{EINTR};
        exit 0 if !$got;
        return;
    }
}
sub read_line {
    while ((my $end = index $buffer, "\n") < 0) { fill_buffer() }
    my $end = index $buffer, "\n";
    my $line = substr $buffer, 0, $end;
    substr($buffer, 0, $end + 1) = '';
    return $line;
}
sub read_bytes {
    my ($length) = @_;
    fill_buffer() while length $buffer < $length;
    my $bytes = substr $buffer, 0, $length;
    substr($buffer, 0, $length) = '';
    return $bytes;
}
sub answer {
    my ($head, $body) = @_;
    my $message = "$head " . length($body) . "\n$body";
    my $done = 0;
    while ($done < length $message) {
        my $wrote = syswrite STDOUT, $message, length($message) - $done, $done;
        next if !defined $wrote && $!{EINTR};
        exit 0 if !defined $wrote;
        $done += $wrote;
    }
}

sub handle {
    my ($verb, $args, $payload) = @_;
    if ($verb eq 'run')      { run_step(@$args, @$payload) }
    elsif ($verb eq 'start') { start_service(@$args, @$payload) }
    elsif ($verb eq 'wait')  { wait_listening(@$args, @$payload) }
    elsif ($verb eq 'stop')  { stop_service(@$args, @$payload) }
    elsif ($verb eq 'put')   { put_file(@$args, @$payload) }
    elsif ($verb eq 'get')   { get_file(@$args, @$payload) }
    elsif ($verb eq 'alive') { answer('ok', join ' ', grep { $_ != 1 } processes()) }
    elsif ($verb eq 'save')  { save() }
    else                     { die "unknown request $verb\n" }
}

# Collects what ended; returns at once.
sub reap {
    while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) { $dead{$pid} = $? }
}
# Waits until something ends, or for so many seconds. Ends with the starter.
sub doze {
    my ($seconds) = @_;
    my $set = '';
    vec($set, fileno $wake_read, 1) = 1;
    vec($set, fileno STDIN, 1) = 1 if length $buffer == 0;
    my $found = select my $ready = $set, undef, undef, $seconds;
    if ($found > 0) {
        if (vec $ready, fileno $wake_read, 1) { sysread $wake_read, my $drop, 4096 }
        if (vec $ready, fileno STDIN, 1) { fill_buffer() }
    }
    reap();
}

# In a new process: becomes the account, loses what steps must not have, runs the script.
sub become {
    my ($uid, $gid, $groups, $cwd, $env, $script, $out) = @_;
    $SIG{CHLD} = $SIG{PIPE} = 'DEFAULT';
    POSIX::setsid();
    open STDIN, '<', '/dev/null' or POSIX::_exit(126);
    open STDOUT, '>&', $out or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
    POSIX::close($_) for 3 .. 20;
    for my $capability (0 .. 40) {
        syscall($call->{prctl}, $PR_CAPBSET_DROP, $capability, 0, 0, 0) unless $> == 0 && $STEP_KEEPS{$capability};
    }
    syscall($call->{prctl}, $PR_CAP_AMBIENT, $PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if ($> == 0) {
        $) = join ' ', $gid, ($groups eq '-' ? $gid : split /\+/, $groups);
        POSIX::setgid($gid);
        POSIX::setuid($uid) or $uid == 0 or fail("the account $uid cannot be taken on: $!");
    }
    chdir $cwd or fail("$cwd: $!");
    %ENV = map { /^([^=]*)=(.*)$/s ? ($1, $2) : () } split /\0/, $env;
    exec { '/bin/bash' } 'bash', '-e', '-o', 'pipefail', '-c', $script or fail("bash: $!");
}
sub fail { syswrite STDERR, "lab: $_[0]\n"; POSIX::_exit(126) }

# A file that has no name any more: output is kept there, nobody else can reach it.
sub capture_file {
    my $path = "/dev/shm/.lab-$$-" . int rand 1e9;
    sysopen my $file, $path, POSIX::O_RDWR() | POSIX::O_CREAT() | POSIX::O_EXCL() | POSIX::O_APPEND(), 0600
        or die "no room for output: $!\n";
    unlink $path;
    return $file;
}
# Its content, at most so many bytes: the first and the last, and in between how many were left out.
sub captured {
    my ($file, $max) = @_;
    my $size = -s $file;
    my $read = sub {
        my ($from, $length) = @_;
        sysseek $file, $from, 0;
        my $bytes = '';
        while (length $bytes < $length) { sysread $file, $bytes, $length - length $bytes, length $bytes or last }
        return $bytes;
    };
    return (0, $read->(0, $size)) if $size <= $max;
    my $half = int $max / 2;
    my $out = $size - 2 * $half;
    return (1, $read->(0, $half) . "\n[the lab left out $out bytes]\n" . $read->($size - $half, $half));
}

sub run_step {
    my ($uid, $gid, $groups, $timeout_ms, $max, $cwd, $env, $script) = @_;
    my $out = capture_file();
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    become($uid, $gid, $groups, $cwd, $env, $script, $out) if $pid == 0;
    my $left = $timeout_ms / 1000;
    my ($began) = POSIX::times();
    my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());
    my $late = 0;
    reap();
    until (exists $dead{$pid}) {
        doze(0.05);
        my ($t) = POSIX::times();
        if (($t - $began) / $ticks > $left) {
            $late = 1;
            kill 'KILL', -$pid, $pid;
            doze(0.05) until exists $dead{$pid};
        }
    }
    my $status = delete $dead{$pid};
    my $exit = $status & 127 ? 128 + ($status & 127) : $status >> 8;
    my ($cut, $text) = captured($out, $max);
    answer("ok $exit $late $cut", $text);
}

sub start_service {
    my ($name, $uid, $gid, $groups, $cwd, $env, $script, $log) = @_;
    sysopen my $out, $log, POSIX::O_WRONLY() | POSIX::O_CREAT() | POSIX::O_APPEND(), 0600 or die "$log: $!\n";
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        # The supervisor: whatever the service leaves behind as a daemon becomes its child, and can be found again.
        syscall($call->{prctl}, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        $SIG{CHLD} = 'DEFAULT';
        my $child = fork;
        POSIX::_exit(126) unless defined $child;
        become($uid, $gid, $groups, $cwd, $env, $script, $out) if $child == 0;
        my $first = 0;
        while ((my $ended = wait) > 0) { $first = $? if $ended == $child }
        POSIX::_exit($first & 127 ? 128 + ($first & 127) : $first >> 8);
    }
    $services{$name} = $pid;
    answer('ok', '');
}

sub wait_listening {
    my ($name, $timeout_ms, $listens, $log) = @_;
    my @wanted = split / /, $listens;
    for (my $waited = 0; ; $waited += $POLL) {
        reap();
        my $open = listening();
        my @missing = grep { !$open->{$_} } @wanted;
        return answer('ok 1', '') unless @missing;
        my $supervisor = $services{$name};
        my $ended = exists $dead{$supervisor};
        if ($ended || $waited * 1000 > $timeout_ms) {
            my $text = $ended ? "it ended with status " . ($dead{$supervisor} >> 8) : "it does not listen on @missing";
            if (open my $said, '<', $log) { local $/; my $tail = <$said>; $text .= "\n" . substr $tail, -2000 if defined $tail }
            return answer('ok 0', $text);
        }
        select undef, undef, undef, $POLL;
    }
}

# Ports, addresses with ports (IPv4) and socket paths that listen → the socket's inode.
sub listening {
    my %open;
    for my $family (2, 10) {
        my $found = asked_listeners($family) // read_listeners($family == 2 ? 'tcp' : 'tcp6');
        for my $socket (@$found) {
            my ($address, $port, $inode) = @$socket;
            $open{$port} = $open{"$address:$port"} = $inode;
        }
    }
    if (open my $lines, '<', '/proc/net/unix') {
        # The first line is the table's heading.
        while (<$lines>) { my @f = split; $open{ $f[7] } = $f[6] if $f[7] && $f[3] =~ /^[0-9A-Fa-f]+$/ && hex($f[3]) & 0x10000 }
    }
    return \%open;
}

# What the kernel says over netlink of sockets that listen: [address, port, inode] each; undef where it does not answer.
# The table in /proc is the same, but walks every bucket of every connection, which costs milliseconds.
sub asked_listeners {
    my ($family) = @_;
    my ($AF_NETLINK, $SOCK_RAW, $SOCK_DIAG, $BY_FAMILY, $REQUEST_DUMP, $TCP, $STATE_LISTEN) = (16, 3, 4, 20, 0x301, 6, 10);
    my ($DONE, $FAILED) = (3, 2);
    socket my $netlink, $AF_NETLINK, $SOCK_RAW, $SOCK_DIAG or return undef;
    my $request = pack('C C C C L x48', $family, $TCP, 0, 0, 1 << $STATE_LISTEN);
    send $netlink, pack('L S S L L', 16 + length $request, $BY_FAMILY, $REQUEST_DUMP, 1, 0) . $request, 0 or return undef;
    my @found;
    while (1) {
        defined recv $netlink, my $bytes, 65536, 0 or return undef;
        return undef if length $bytes < 16;
        while (length $bytes >= 16) {
            my ($length, $type) = unpack 'L S', $bytes;
            return \@found if $type == $DONE;
            return undef if $type == $FAILED || $length < 16 + 72;
            my ($port, @address) = unpack 'x20 n x2 C4', $bytes;
            push @found, [join('.', @address), $port, unpack 'x84 L', $bytes];
            substr($bytes, 0, ($length + 3) & ~3) = '';
        }
    }
}
sub read_listeners {
    my ($table) = @_;
    my @found;
    open my $lines, '<', "/proc/net/$table" or return [];
    while (<$lines>) {
        my @f = split;
        next unless ($f[3] || '') eq $LISTEN;
        my ($address, $port) = split /:/, $f[1];
        push @found, [join('.', reverse map { hex } substr($address, 0, 8) =~ /../g), hex $port, $f[9]];
    }
    return \@found;
}

sub processes { opendir my $proc, '/proc' or return (); return sort { $a <=> $b } grep { /^\d+$/ } readdir $proc }
sub parent_of {
    my ($pid) = @_;
    open my $stat, '<', "/proc/$pid/stat" or return 0;
    my $line = <$stat> // '';
    return $line =~ /\) (\S) (\d+)/ && $1 ne 'Z' ? $2 : 0;
}

# A polite end for the service's own processes and for whoever holds its sockets; a hard one for those that stay.
sub stop_service {
    my ($name, $listens) = @_;
    my @wanted = split / /, $listens;
    my $held = 0;
    my $targets = sub {
        $held = 0;
        my $supervisor = $services{$name} // 0;
        my @own = grep { $supervisor && parent_of($_) == $supervisor } processes();
        return @own if @own;
        # Its own are gone; whoever holds its sockets all the same was started by an action.
        my $open = listening();
        my %inode = map { $open->{$_} ? ("socket:[$open->{$_}]" => 1) : () } @wanted;
        return () unless %inode;
        $held = 1;
        my %pids;
        for my $pid (grep { $_ != 1 } processes()) {
            opendir my $dir, "/proc/$pid/fd" or next;
            for my $fd (readdir $dir) {
                my $link = readlink "/proc/$pid/fd/$fd";
                $pids{$pid} = 1 if defined $link && $inode{$link};
            }
        }
        return keys %pids;
    };
    my $waited = 0;
    my %told;
    # A process with threads has ended before its last thread lets go of the socket: until then nobody seems to hold it, and a
    # service started now would look as if it listened already.
    while ((my @left = $targets->()) || $held) {
        for my $pid (@left) { kill 'TERM', $pid unless $told{$pid}++ }
        kill 'CONT', @left if $waited > 0.1;
        kill 'KILL', @left if $waited > $STOP_SECONDS;
        select undef, undef, undef, $POLL;
        $waited += $POLL;
        reap();
        last if $waited > 2 * $STOP_SECONDS;
    }
    my $supervisor = delete $services{$name};
    delete $dead{$supervisor} if defined $supervisor;
    answer('ok', '');
}

sub make_folder {
    my ($path, $uid, $gid) = @_;
    return if $path eq '' || -d $path;
    (my $above = $path) =~ s{/[^/]*$}{};
    make_folder($above, $uid, $gid);
    mkdir $path, 0755 or die "$path: $!\n";
    chown $uid, $gid, $path if $> == 0;
}
sub put_file {
    my ($uid, $gid, $mode, $path, $body) = @_;
    (my $above = $path) =~ s{/[^/]*$}{};
    make_folder($above, $uid, $gid);
    open my $file, '>', $path or die "$path: $!\n";
    print $file $body or die "$path: $!\n";
    close $file or die "$path: $!\n";
    # "-": an edit, which keeps owner and mode.
    if ($uid ne '-') { chown $uid, $gid, $path if $> == 0; chmod oct $mode, $path }
    answer('ok', '');
}
# From an offset on; a file that became shorter was begun anew and is read from its start.
sub get_file {
    my ($offset, $max, $path) = @_;
    open my $file, '<', $path or return answer('ok -1', '');
    my $size = -s $file;
    $offset = 0 if $offset > $size;
    sysseek $file, $offset, 0;
    my $bytes = '';
    if ($max > 0) { while (length $bytes < $max) { sysread $file, $bytes, $max - length $bytes, length $bytes or last } }
    answer("ok $size", $bytes);
}

# Keeps what this world changed: everybody else is killed first, so that it stands still.
sub save {
    kill 'KILL', -1;
    for (my $waited = 0; $waited < 2; $waited += $POLL) { reap(); last if grep({ $_ != 1 } processes()) == 0; select undef, undef, undef, $POLL }
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        $SIG{CHLD} = 'DEFAULT';
        open STDOUT, '>&', \*STDERR;
        exec { '/bin/cp' } 'cp', '-a', '/proc/self/fd/8/.', '/proc/self/fd/9/' or POSIX::_exit(126);
    }
    reap();
    doze(0.02) until exists $dead{$pid};
    my $status = delete $dead{$pid};
    die "the state cannot be kept: cp ended with " . ($status >> 8) . "\n" if $status;
    answer('ok', '');
}
