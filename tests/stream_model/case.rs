//! The test cases: random volumes, and random calls on them.

use super::*;

/// What a volume holds at first.
#[derive(Clone, Debug)]
pub enum Old {
    /// One hole.
    Fresh,
    /// Some data: block and number of blocks.
    Sparse(Vec<(usize, usize)>),
    Full,
    /// A file that begins with a qcow2 header.
    Image(Vec<(usize, usize)>),
}

/// Bytes to send.
#[derive(Clone, Copy, Debug)]
pub struct Bytes {
    pub length: usize,
    pub kind: Kind,
    pub seed: u8,
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Zeros,
    /// No byte is zero.
    Dense,
    /// Stretches of zeros, aligned to nothing.
    Mixed,
}

/// When a callback fails: at which of its calls, and with which errno; 0 leaves none.
pub type Failure = Option<(usize, i32)>;

#[derive(Clone, Debug)]
pub enum Section {
    Data(Bytes),
    Hole(i64),
}

#[derive(Clone, Debug)]
pub enum Step {
    Attach { upload: bool, offset: usize, length: Length, flags: c_uint },
    Send(Bytes),
    SendHole { length: i64, flags: c_uint },
    Recv(usize),
    RecvFlags { length: usize, flags: c_uint },
    RecvHole { flags: c_uint },
    SendAll { data: Bytes, pieces: Vec<usize>, fails: Failure },
    SparseSendAll { sections: Vec<Section>, pieces: Vec<usize>, fails: Failure },
    RecvAll { sparse: bool, pieces: Vec<usize>, fails: Failure },
    Finish,
    Abort,
    Free { flags: c_uint },
}

/// How long a range is.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    ToTheEnd,
    /// A part of what there is from the offset on, in 256ths; of an image it may be more.
    Part(usize),
    Exactly,
    Beyond(u64),
}

#[derive(Clone, Debug)]
pub struct Case {
    pub in_memory: bool,
    pub size: usize,
    pub old: Old,
    pub flags: c_uint,
    pub steps: Vec<Step>,
}

pub fn extents() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0usize..160, 1usize..40), 1..5)
}

pub fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        1 => Just(0usize),
        4 => 1usize..300,
        4 => 300usize..20_000,
        4 => (1usize..20).prop_map(|blocks| blocks * BLOCK),
        3 => 20_000usize..400_000,
        1 => 400_000usize..2_000_000,
    ]
}

pub fn bytes() -> impl Strategy<Value = Bytes> {
    let kind = prop_oneof![Just(Kind::Zeros), Just(Kind::Dense), Just(Kind::Mixed)];
    (length(), kind, any::<u8>()).prop_map(|(length, kind, seed)| Bytes { length, kind, seed })
}

pub fn hole() -> impl Strategy<Value = i64> {
    prop_oneof![
        1 => Just(0i64),
        1 => prop_oneof![Just(-1i64), Just(i64::MIN), -100_000i64..0],
        1 => prop_oneof![Just(i64::MAX), Just(1i64 << 62)],
        12 => length().prop_map(|length| length as i64),
    ]
}

pub fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![500usize..5000, 4096usize..300_000], 1..5)
}

pub fn fails() -> impl Strategy<Value = Failure> {
    prop::option::weighted(0.25, (0usize..4, prop_oneof![Just(0), Just(libc::ENOSPC)]))
}

pub fn attach(upload: bool) -> impl Strategy<Value = Step> {
    let length = prop_oneof![
        4 => Just(Length::ToTheEnd),
        4 => (0usize..=256).prop_map(Length::Part),
        2 => Just(Length::Exactly),
        1 => prop_oneof![1u64..100_000, Just(u64::MAX), Just(1 << 63)].prop_map(Length::Beyond),
    ];
    let flags = prop_oneof![2 => Just(0), 5 => Just(SPARSE), 1 => Just(6)];
    let offset = prop_oneof![3 => Just(0usize), 4 => 0usize..=256];
    (offset, length, flags).prop_map(move |(offset, length, flags)| Step::Attach {
        upload,
        offset,
        length,
        flags,
    })
}

pub fn sending() -> impl Strategy<Value = Step> {
    let section = prop_oneof![
        4 => bytes().prop_filter("a section", |bytes| bytes.length > 0).prop_map(Section::Data),
        4 => hole().prop_filter("a section", |hole| *hole != 0).prop_map(Section::Hole),
    ];
    let sections = prop::collection::vec(section, 0..5);
    let flags = prop_oneof![15 => Just(0u32), 1 => Just(1u32)];
    prop_oneof![
        8 => bytes().prop_map(Step::Send),
        6 => (hole(), flags).prop_map(|(length, flags)| Step::SendHole { length, flags }),
        1 => (bytes(), pieces(), fails())
            .prop_map(|(data, pieces, fails)| Step::SendAll { data, pieces, fails }),
        2 => (sections, pieces(), fails()).prop_map(|(sections, pieces, fails)| {
            Step::SparseSendAll { sections, pieces, fails }
        }),
    ]
}

pub fn receiving() -> impl Strategy<Value = Step> {
    let flags = prop_oneof![1 => Just(0u32), 10 => Just(STOP_AT_HOLE), 1 => Just(2u32)];
    prop_oneof![
        4 => length().prop_map(Step::Recv),
        6 => (length(), flags).prop_map(|(length, flags)| Step::RecvFlags { length, flags }),
        4 => prop_oneof![10 => Just(0u32), 1 => Just(1u32)]
            .prop_map(|flags| Step::RecvHole { flags }),
        3 => (any::<bool>(), pieces(), fails())
            .prop_map(|(sparse, pieces, fails)| Step::RecvAll { sparse, pieces, fails }),
    ]
}

pub fn ending() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Finish),
        2 => Just(Step::Abort),
        1 => (0u32..2).prop_map(|flags| Step::Free { flags }),
    ]
}

/// An attach, calls that mostly fit it, and mostly an end.
pub fn transfer() -> impl Strategy<Value = Vec<Step>> {
    any::<bool>().prop_flat_map(|upload| {
        let fitting = if upload { sending().boxed() } else { receiving().boxed() };
        let other = if upload { receiving().boxed() } else { sending().boxed() };
        let any_step = prop_oneof![
            60 => fitting,
            3 => other,
            1 => ending(),
            1 => any::<bool>().prop_flat_map(attach),
        ];
        let steps = prop::collection::vec(any_step, 0..10);
        (attach(upload), steps, prop::option::weighted(0.95, ending())).prop_map(
            |(first, middle, last)| {
                std::iter::once(first).chain(middle).chain(last).collect::<Vec<_>>()
            },
        )
    })
}

pub fn case() -> impl Strategy<Value = Case> {
    let size = prop_oneof![
        1 => Just(0usize),
        3 => 1usize..20_000,
        4 => (1usize..200).prop_map(|blocks| blocks * BLOCK),
        4 => 20_000usize..900_000,
    ];
    let old = prop_oneof![
        3 => Just(Old::Fresh),
        3 => extents().prop_map(Old::Sparse),
        3 => Just(Old::Full),
        3 => extents().prop_map(Old::Image),
    ];
    let steps = prop::collection::vec(transfer(), 1..4).prop_map(|all| all.concat());
    (prop::bool::weighted(0.25), size, old, 0u32..2, steps).prop_map(
        |(in_memory, size, old, flags, steps)| Case { in_memory, size, old, flags, steps },
    )
}

impl Bytes {
    pub fn make(&self) -> Vec<u8> {
        let byte = |at: usize| {
            let value = (at as u64 + 1).wrapping_mul(0x9e37_79b9 + u64::from(self.seed) * 2);
            1 + (value >> 16) as u8 % 255
        };
        let zero = |at: usize| match self.kind {
            Kind::Zeros => true,
            Kind::Dense => false,
            Kind::Mixed => ((at + 37 * usize::from(self.seed)) / 9000).is_multiple_of(2),
        };
        (0..self.length).map(|at| if zero(at) { 0 } else { byte(at) }).collect()
    }
}
