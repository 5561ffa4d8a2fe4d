//! The MPI library of the machine, opened when the program runs.
//!
//! Three binary interfaces are in use, which differ in what a communicator and a type are: Open MPI has addresses of its
//! variables, MPICH and what descends from it whole numbers, the standard interface of MPI 5 small addresses. Only bytes
//! are sent and MPI adds nothing, so two constants and ten functions are all that is used of it.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;

type Pointer = *mut c_void;

#[cfg(unix)]
#[cfg_attr(target_os = "linux", link(name = "dl"))]
unsafe extern "C" {
    fn dlopen(name: *const c_char, flags: c_int) -> Pointer;
    fn dlsym(library: Pointer, name: *const c_char) -> Pointer;
    fn dlerror() -> *const c_char;
}

/// What can be sent as it lies in memory: no gaps, every pattern of bits is a value.
pub(super) trait Number: Copy + Default {}
impl Number for u8 {}
impl Number for u64 {}
impl Number for f32 {}

/// What is sent and received in one exchange, with places and lengths for each rank. It owns its memory, which MPI uses
/// until the exchange is complete.
pub(super) struct Transfer<T> {
    pub(super) send: Vec<T>,
    pub(super) receive: Vec<T>,
    /// Where the numbers for each rank begin in `send`, and how many they are; one entry if all get the same.
    pub(super) to: Vec<(usize, usize)>,
    /// How many numbers come from each rank, one after the other.
    pub(super) from: Vec<usize>,
}

/// Lengths and places as MPI takes them, in bytes.
struct Counts {
    to: Vec<c_int>,
    to_starts: Vec<c_int>,
    from: Vec<c_int>,
    from_starts: Vec<c_int>,
}

impl Counts {
    fn of<T>(transfer: &Transfer<T>) -> Self {
        let bytes = |numbers: usize| {
            c_int::try_from(numbers * size_of::<T>())
                .expect("exchanges are cut to 31 bits of bytes")
        };
        let (to, from) = (&transfer.to, &transfer.from);
        let starts = from.iter().scan(0, |at, length| {
            let start = *at;
            *at += length;
            Some(bytes(start))
        });
        for (start, length) in to {
            assert!(
                start + length <= transfer.send.len(),
                "what is sent is there"
            );
        }
        assert_eq!(
            from.iter().sum::<usize>(),
            transfer.receive.len(),
            "what is received has room"
        );
        Self {
            to: to.iter().map(|(_, length)| bytes(*length)).collect(),
            to_starts: to.iter().map(|(start, _)| bytes(*start)).collect(),
            from_starts: starts.collect(),
            from: from.iter().map(|length| bytes(*length)).collect(),
        }
    }
}

/// The functions of a library whose handles are `H`.
struct Table<H> {
    world: H,
    byte: H,
    /// `MPI_THREAD_FUNNELED`.
    funneled: c_int,
    init_thread: unsafe extern "C" fn(*mut c_int, Pointer, c_int, *mut c_int) -> c_int,
    comm_rank: unsafe extern "C" fn(H, *mut c_int) -> c_int,
    comm_size: unsafe extern "C" fn(H, *mut c_int) -> c_int,
    gather: unsafe extern "C" fn(
        *const c_void,
        c_int,
        H,
        Pointer,
        *const c_int,
        *const c_int,
        H,
        H,
        *mut H,
    ) -> c_int,
    exchange: unsafe extern "C" fn(
        *const c_void,
        *const c_int,
        *const c_int,
        H,
        Pointer,
        *const c_int,
        *const c_int,
        H,
        H,
        *mut H,
    ) -> c_int,
    test: unsafe extern "C" fn(*mut H, *mut c_int, Pointer) -> c_int,
    abort: unsafe extern "C" fn(H, c_int) -> c_int,
    finalize: unsafe extern "C" fn() -> c_int,
}

/// A library, whatever its handles are.
trait Calls {
    fn init(&self) -> c_int;
    fn rank_and_size(&self) -> [c_int; 2];
    /// Exchanges, until it is done or `go_on` says no; whether it is done.
    ///
    /// # Safety
    /// Both pointers reach as far as `counts` says. If the answer is no, memory and counts must stay where they are.
    unsafe fn run(
        &self,
        send: *const c_void,
        receive: Pointer,
        counts: &Counts,
        go_on: &mut dyn FnMut() -> bool,
    ) -> bool;
    fn abort(&self, code: c_int);
    fn finalize(&self);
}

impl<H: Copy> Calls for Table<H> {
    fn init(&self) -> c_int {
        let mut provided = 0;
        // SAFETY: MPI allows null for both arguments of a program; `provided` outlives the call.
        unsafe {
            (self.init_thread)(
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                self.funneled,
                &raw mut provided,
            )
        }
    }

    fn rank_and_size(&self) -> [c_int; 2] {
        let (mut rank, mut size) = (0, 0);
        // SAFETY: the library is initialised, the handle its own, and both numbers outlive the calls.
        unsafe {
            (self.comm_rank)(self.world, &raw mut rank);
            (self.comm_size)(self.world, &raw mut size);
        }
        [rank, size]
    }

    unsafe fn run(
        &self,
        send: *const c_void,
        receive: Pointer,
        counts: &Counts,
        go_on: &mut dyn FnMut() -> bool,
    ) -> bool {
        // Overwritten by the call that starts the exchange.
        let mut request = self.world;
        let (byte, world) = (self.byte, self.world);
        let (from, starts) = (counts.from.as_ptr(), counts.from_starts.as_ptr());
        // SAFETY: as the caller promises; lists have an entry for each rank, or one for all of them.
        unsafe {
            if counts.to.len() == counts.from.len() {
                let (to, at) = (counts.to.as_ptr(), counts.to_starts.as_ptr());
                (self.exchange)(
                    send,
                    to,
                    at,
                    byte,
                    receive,
                    from,
                    starts,
                    byte,
                    world,
                    &raw mut request,
                );
            } else {
                let length = counts.to[0];
                (self.gather)(
                    send,
                    length,
                    byte,
                    receive,
                    from,
                    starts,
                    byte,
                    world,
                    &raw mut request,
                );
            }
        }
        // No interface has a larger status than 32 bytes.
        let mut status = [0_u64; 16];
        loop {
            let mut done = 0;
            // SAFETY: the request is the one that was started, and all three outlive the call.
            unsafe {
                (self.test)(&raw mut request, &raw mut done, status.as_mut_ptr().cast());
            }
            if done != 0 {
                return true;
            }
            if !go_on() {
                return false;
            }
        }
    }

    fn abort(&self, code: c_int) {
        // SAFETY: the library is initialised, and the handle is its own.
        unsafe {
            (self.abort)(self.world, code);
        }
    }

    fn finalize(&self) {
        // SAFETY: the library is initialised, and nothing of it is used afterwards.
        unsafe {
            (self.finalize)();
        }
    }
}

/// An MPI library.
pub(super) struct Library {
    calls: Box<dyn Calls>,
    /// What it was opened by.
    pub(super) name: String,
}

// SAFETY: functions and handles of a library are the same for every thread; that one thread uses them is seen to by `Mpi`.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Library").field(&self.name).finish()
    }
}

impl Library {
    /// Opens a library by its name or path.
    ///
    /// # Errors
    /// What the system says, or which function is missing.
    #[cfg(unix)]
    pub(super) fn open(name: &str) -> Result<Self, String> {
        const NOW: c_int = 2;
        // Open MPI opens parts of itself, which look for its functions everywhere.
        #[cfg(target_os = "linux")]
        const GLOBAL: c_int = 0x100;
        #[cfg(not(target_os = "linux"))]
        const GLOBAL: c_int = 0x8;
        let text = CString::new(name).map_err(|_| "the name has a zero byte".to_owned())?;
        // SAFETY: the name ends with a zero byte. Opening runs code of the library, as its user wants.
        let library = unsafe { dlopen(text.as_ptr(), NOW | GLOBAL) };
        if library.is_null() {
            // SAFETY: after a failure it is a text, or null.
            let said = unsafe { dlerror() };
            if said.is_null() {
                return Err(format!("`{name}` cannot be opened"));
            }
            // SAFETY: not null, and it ends with a zero byte.
            return Err(unsafe { CStr::from_ptr(said) }
                .to_string_lossy()
                .into_owned());
        }
        let find = |symbol: &CStr| {
            // SAFETY: the library is open, and never closed.
            unsafe { dlsym(library, symbol.as_ptr()) }
        };
        let world = find(c"ompi_mpi_comm_world");
        let calls = if !world.is_null() {
            let byte = find(c"ompi_mpi_byte");
            Self::table(library, world, byte, 1)
        } else if name.contains("mpi_abi") {
            let fixed = std::ptr::without_provenance_mut::<c_void>;
            Self::table(library, fixed(0x101), fixed(0x247), 1024)
        } else {
            Self::table::<c_int>(library, 0x4400_0000, 0x4c00_010d, 1)
        };
        let calls = calls.map_err(|symbol| format!("`{name}` has no function `{symbol}`"))?;
        Ok(Self {
            calls,
            name: name.to_owned(),
        })
    }

    /// There is none.
    #[cfg(not(unix))]
    pub(super) fn open(name: &str) -> Result<Self, String> {
        Err(format!("`{name}`: MPI is used on Unix only"))
    }

    /// All functions of an open library; the name of the first that it has not.
    #[cfg(unix)]
    fn table<H: Copy + 'static>(
        library: Pointer,
        world: H,
        byte: H,
        funneled: c_int,
    ) -> Result<Box<dyn Calls>, &'static str> {
        let find = |symbol: &'static CStr| {
            // SAFETY: the library is open, and never closed.
            let found = unsafe { dlsym(library, symbol.as_ptr()) };
            match found.is_null() {
                true => Err(symbol.to_str().unwrap_or_default()),
                false => Ok(found),
            }
        };
        let init_thread = find(c"MPI_Init_thread")?;
        let comm_rank = find(c"MPI_Comm_rank")?;
        let comm_size = find(c"MPI_Comm_size")?;
        let gather = find(c"MPI_Iallgatherv")?;
        let exchange = find(c"MPI_Ialltoallv")?;
        let test = find(c"MPI_Test")?;
        let abort = find(c"MPI_Abort")?;
        let finalize = find(c"MPI_Finalize")?;
        // SAFETY: these are the functions of the MPI standard, with its signatures; `H` is the type of handles in the
        // interface that the library has.
        let table = unsafe {
            Table {
                world,
                byte,
                funneled,
                init_thread: std::mem::transmute_copy(&init_thread),
                comm_rank: std::mem::transmute_copy(&comm_rank),
                comm_size: std::mem::transmute_copy(&comm_size),
                gather: std::mem::transmute_copy(&gather),
                exchange: std::mem::transmute_copy(&exchange),
                test: std::mem::transmute_copy(&test),
                abort: std::mem::transmute_copy(&abort),
                finalize: std::mem::transmute_copy(&finalize),
            }
        };
        Ok(Box::new(table))
    }

    /// Starts MPI; its error otherwise.
    pub(super) fn start(&self) -> Result<[usize; 2], c_int> {
        match self.calls.init() {
            0 => Ok(self
                .calls
                .rank_and_size()
                .map(|number| number.max(0) as usize)),
            code => Err(code),
        }
    }

    /// Exchanges numbers with all ranks, while `go_on` says so; `None` if it was not done by then.
    pub(super) fn run<T: Number>(
        &self,
        mut transfer: Transfer<T>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<Transfer<T>> {
        let counts = Counts::of(&transfer);
        let (send, receive) = (transfer.send.as_ptr(), transfer.receive.as_mut_ptr());
        // SAFETY: `Counts::of` has checked both lengths; what is not done stays in memory for ever.
        let done = unsafe { self.calls.run(send.cast(), receive.cast(), &counts, go_on) };
        if done {
            return Some(transfer);
        }
        std::mem::forget((transfer, counts));
        None
    }

    /// Ends all ranks.
    pub(super) fn abort(&self, code: u8) {
        self.calls.abort(c_int::from(code));
    }

    /// Ends MPI, when all ranks do.
    pub(super) fn finish(&self) {
        self.calls.finalize();
    }
}
