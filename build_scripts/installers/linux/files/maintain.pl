#!/usr/bin/perl
# preinst, prerm and postinst of the package, in one: ends the program before its files are replaced or removed, and
# starts it again. It reads its parts from its files while it runs, so that new files break an old process.
#
# In Perl, since perl-base is essential: it is there before this package is, and reads what other shells cannot.
use strict;
use warnings;
use POSIX ();

my $root    = $ENV{DPKG_ROOT} // '';
my $program = "$root/usr/lib/waystation/Waystation";
# What ran, each in a folder of its own: copies of what /proc said, with the environment. For root alone.
my $noted = "$root/run/waystation-upgrade";
# Seconds: requests that run get five, and then all is written down.
my $patience = 30;
my $script   = $ENV{DPKG_MAINTSCRIPT_NAME} // '';
my $action   = $ARGV[0] // '';

if ($script eq 'preinst' && $action eq 'upgrade' || $script eq 'prerm' && $action eq 'remove') {
    end_all();
}
elsif ($script eq 'postinst' && $action eq 'start') {
    start($ARGV[1]);
}
elsif ($script eq 'postinst') {
    # After an upgrade, and after one that failed.
    start_again();
}
exit 0;

# The processes of the installed program, of all users. The same path in a container is another file.
sub running {
    my ($device, $file) = stat $program or return;
    my @found;
    for my $folder (glob '/proc/[0-9]*') {
        my ($its_device, $its_file) = stat "$folder/exe" or next;
        push @found, substr $folder, 6 if $its_device == $device && $its_file == $file;
    }
    return @found;
}

sub end_all {
    my %asked;
    for my $tenth (0 .. ($patience + 5) * 10) {
        my @left = running() or last;
        print "Ending Waystation, which is running.\n" if $tenth == 0;
        for my $process (@left) {
            note($process) unless $asked{$process};
            kill 'TERM', $process unless $asked{$process}++;
            kill 'KILL', $process if $tenth == $patience * 10;
        }
        select undef, undef, undef, 0.1;
    }
    my @left = running() or return;
    print STDERR "Waystation (process @left) does not end. End it, and try again.\n";
    exit 1;
}

# Keep what a process was started with, if it is one that stays: the desktop or `serve`, of one user, and no other
# view of the machine, such as a network of its own.
sub note {
    my ($process) = @_;
    my $from = "/proc/$process";
    my ($cwd, $arguments) = (readlink "$from/cwd", content("$from/cmdline"));
    my ($status, $environment) = (content("$from/status"), content("$from/environ"));
    return unless defined $cwd && $status =~ /^Uid:\s(\d+)\s\1\s\1\s\1$/m && stays(split /\0/, $arguments);
    # A child that is about to become another program is no second instance.
    my ($parent) = $status =~ /^PPid:\s(\d+)/m;
    return if content("/proc/$parent/cmdline") eq $arguments;
    for my $kind (qw(mnt net pid user)) {
        return if (readlink "$from/ns/$kind") ne (readlink "/proc/self/ns/$kind");
    }
    my $path = '';
    for my $part (split m{/}, $noted) {
        $path .= "$part/";
        mkdir $path, $path eq "$noted/" ? 0700 : 0755;
    }
    my $to = "$noted/$process";
    mkdir $to, 0700 or return;
    my %parts = (cwd => $cwd, cmdline => $arguments, status => $status, environ => $environment);
    for my $name (keys %parts) {
        open my $file, '>:raw', "$to/$name" or die "$to/$name: $!\n";
        print $file $parts{$name};
        close $file or die "$to/$name: $!\n";
    }
}

# Whether this command line stays until it is ended, and is no practice: app/commandline/parser.py.
sub stays {
    my (undef, @rest) = @_;
    while (@rest) {
        my $word = shift @rest;
        if ($word eq '--data-dir') { shift @rest }
        elsif ($word !~ /^-/)      { return $word eq 'serve' }
    }
    return 1;
}

sub start_again {
    for my $note (glob "$noted/[0-9]*") {
        my $child = fork // die "fork: $!\n";
        if ($child == 0) {
            start($note) unless -d "$root/run/systemd/system";
            # Not among the processes of what installs packages, with which systemd would end it.
            my ($user) = content("$note/status") =~ /^Uid:\s(\d+)/m;
            my @scope = ('systemd-run', '--scope', '--quiet', '--collect', "--slice=user-$user.slice");
            exec @scope, '--', $^X, $0, 'start', $note or POSIX::_exit(1);
        }
        # Long enough for it to have read the note, or to have failed.
        for (1 .. 50) {
            last unless -d $note;
            last if waitpid($child, POSIX::WNOHANG()) > 0;
            select undef, undef, undef, 0.1;
        }
        print -d $note ? "Waystation did not start again: start it yourself.\n" : "Waystation starts again.\n";
        forget($note);
    }
    rmdir $noted;
}

# Become what a note tells of. Root does nothing here with what a user may have chosen, but read it.
sub start {
    my ($note) = @_;
    my ($status, $cwd) = (content("$note/status"), content("$note/cwd"));
    my (undef, @arguments) = split /\0/, content("$note/cmdline"), -1;
    pop @arguments;
    my ($user) = $status =~ /^Uid:\s(\d+)/m;
    my ($group) = $status =~ /^Gid:\s(\d+)/m;
    my @groups = $status =~ /^Groups:[ \t]*([\d ]*)$/m ? split ' ', $1 : ();
    my ($mask) = $status =~ /^Umask:\s(\d+)/m;
    # As it was before the program's loader added what is its own.
    my %environment = map { /^([^=]+)=(.*)$/s ? ($1 => $2) : () } split /\0/, content("$note/environ");
    delete @environment{grep { /^_PYI_/ } keys %environment};
    delete $environment{LD_LIBRARY_PATH};
    my $before = delete $environment{LD_LIBRARY_PATH_ORIG};
    $environment{LD_LIBRARY_PATH} = $before if defined $before;
    forget($note);
    POSIX::setsid();
    open STDIN,  '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';
    POSIX::close($_) for 3 .. 63;
    if ($> != $user) {
        $) = join ' ', $group, $group, @groups;
        POSIX::setgid($group);
        POSIX::setuid($user);
        # None of root's groups, and no way back.
        my %groups = map { $_ => 1 } $group, @groups;
        POSIX::_exit(1) if grep { !$groups{$_} } split(' ', $(), split(' ', $));
        POSIX::_exit(1) if $< != $user || $> != $user || defined POSIX::setuid(0);
    }
    umask oct($mask // '022');
    chdir $cwd or chdir '/';
    # Whoever had the window closed does not want it now.
    unshift @arguments, '--minimized' unless grep { $_ eq 'serve' || $_ eq '--minimized' } @arguments;
    %ENV = %environment;
    exec { $program } $program, @arguments or POSIX::_exit(1);
}

sub forget {
    my ($note) = @_;
    unlink glob "$note/*";
    rmdir $note;
}

sub content {
    my ($name) = @_;
    open my $file, '<:raw', $name or return '';
    local $/;
    return <$file> // '';
}
