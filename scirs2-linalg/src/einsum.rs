//! Sums of products over named axes.

use ndarray::{ArrayD, ArrayView, ArrayViewD, ArrayViewMutD, Axis, CowArray, IxDyn};
use scirs2_core::pool::Workers;
use smallvec::{SmallVec, smallvec};

use crate::contract::contract;
use crate::layout::filled_array;
use crate::numeric::sum;
use crate::{Error, Numeric, shape};

/// The sum of products that `subscripts` describe.
///
/// Each array has a letter for each axis, the arrays' letters are separated by
/// commas: `"ij,jk->ik"` is the product of two matrices. Axes of one letter are
/// walked together, and have one length, or length one. Letters behind the arrow
/// are the axes of the result, in that order; all others are summed over.
/// Without an arrow the result has the letters that occur once, in alphabetical
/// order. Complex numbers are not conjugated.
///
/// The pair of arrays whose product is smallest is contracted first;
/// [`einsum_into`] takes a path of the caller's.
///
/// # Errors
/// [`Error::Subscripts`] where they do not fit the arrays or one another.
///
/// # Accuracy
/// As [`matmul`](fn@crate::matmul) for each contraction; sums within one array
/// are pairwise.
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1, 2], [3, 4]].into_dyn();
/// let trace = scirs2_linalg::einsum("ii", &[a.view()])?;
/// assert_eq!(trace[[]], 5);
/// let row_sums = scirs2_linalg::einsum("ij->i", &[a.view()])?;
/// assert_eq!(row_sums, array![3, 7].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn einsum<T: Numeric>(
    subscripts: &str,
    operands: &[ArrayViewD<'_, T>],
) -> Result<ArrayD<T>, Error> {
    let shapes: Vec<_> = operands.iter().map(|operand| operand.shape()).collect();
    let mut out = filled_array(&einsum_shape(subscripts, &shapes)?, T::ZERO)?;
    einsum_into(
        subscripts,
        operands,
        None,
        out.view_mut(),
        &Workers::current(),
    )?;
    Ok(out)
}

/// The shape of what [`einsum_into`] writes.
///
/// # Errors
/// As [`einsum`].
pub fn einsum_shape(subscripts: &str, shapes: &[&[usize]]) -> Result<Vec<usize>, Error> {
    let sum = Sum::new(subscripts, shapes)?;
    Ok(sum.output.iter().map(|&label| sum.length(label)).collect())
}

/// [`einsum`] into memory of the caller's, of any strides.
///
/// A path lists which arrays to contract, step after step, by their places among
/// those that are left; the result of a step comes behind them. That is the path
/// of the Python package `opt_einsum`. Whatever it leaves is contracted as
/// [`einsum`] does.
///
/// # Errors
/// As [`einsum`]; [`Error::Subscripts`] for a path with places that there are
/// not, [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] where the workers were stopped.
pub fn einsum_into<T: Numeric>(
    subscripts: &str,
    operands: &[ArrayViewD<'_, T>],
    path: Option<&[Vec<usize>]>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let shapes: Vec<_> = operands.iter().map(|operand| operand.shape()).collect();
    let plan = Sum::new(subscripts, &shapes)?;
    let expected: Vec<_> = plan
        .output
        .iter()
        .map(|&label| plan.length(label))
        .collect();
    shape::output(&expected, &out)?;
    let inputs = plan.inputs.iter().zip(operands);
    let mut terms: Vec<Term<'_, T>> = inputs
        .map(|(labels, operand)| Term::new(labels, operand, &plan))
        .collect::<Result<_, _>>()?;
    for step in path.unwrap_or_default() {
        let mut chosen = take(&mut terms, step).ok_or_else(|| Error::Subscripts {
            subscripts: subscripts.to_owned(),
            reason: format!("step {step:?} of the path names an array that is not there"),
        })?;
        while chosen.len() > 1 && terms.len() + chosen.len() > 2 {
            let (first, second) = (chosen.remove(0), chosen.remove(0));
            let others = chosen.iter().chain(&terms);
            let pair = plan.pair(first, second, others, None, workers)?;
            chosen.insert(0, pair);
        }
        terms.append(&mut chosen);
    }
    while terms.len() > 2 {
        let (first, second) = cheapest(&terms, &plan);
        let second = terms.remove(second);
        let first = terms.remove(first);
        let pair = plan.pair(first, second, terms.iter(), None, workers)?;
        terms.push(pair);
    }
    let second = terms.pop();
    match (terms.pop(), second) {
        (Some(first), Some(second)) => {
            plan.pair(first, second, [].iter(), Some(out), workers)?;
        }
        (None, Some(only)) => {
            let only = only.reduced(&plan.output)?;
            let order = plan.output.iter().map(|&label| only.axis(label));
            let order: Vec<_> = order.collect();
            let mut out = out;
            out.assign(&only.array.view().permuted_axes(order));
        }
        _ => {}
    }
    Ok(())
}

/// The terms at those places, which the list loses.
fn take<T>(terms: &mut Vec<T>, places: &[usize]) -> Option<Vec<T>> {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() != places.len() || sorted.last().is_some_and(|&last| last >= terms.len()) {
        return None;
    }
    let mut taken: Vec<T> = sorted
        .into_iter()
        .rev()
        .map(|place| terms.remove(place))
        .collect();
    taken.reverse();
    Some(taken)
}

/// The two terms with the smallest product.
fn cheapest<T: Numeric>(terms: &[Term<'_, T>], plan: &Sum) -> (usize, usize) {
    let pairs = (0..terms.len()).flat_map(|i| (i + 1..terms.len()).map(move |j| (i, j)));
    let size = |&(i, j): &(usize, usize)| -> f64 {
        let others = || {
            terms
                .iter()
                .enumerate()
                .filter(|&(at, _)| at != i && at != j)
        };
        let kept = |label: &char| {
            plan.output.contains(label) || others().any(|(_, term)| term.labels.contains(label))
        };
        let fresh = terms[j]
            .labels
            .iter()
            .filter(|label| !terms[i].labels.contains(label));
        let labels = terms[i].labels.iter().chain(fresh);
        labels
            .filter(|label| kept(label))
            .map(|&label| plan.length(label) as f64)
            .product()
    };
    let smallest = pairs.min_by(|a, b| size(a).total_cmp(&size(b)));
    smallest.unwrap_or((0, 1))
}

/// Labels of axes: few, mostly.
type Labels = SmallVec<[char; 8]>;

/// Those of each array.
type Terms = SmallVec<[Labels; 2]>;

/// The length of each label, once.
type Lengths = SmallVec<[(char, usize); 8]>;

/// Subscripts, taken apart.
struct Sum {
    inputs: Terms,
    output: Labels,
    lengths: Lengths,
}

impl Sum {
    fn new(subscripts: &str, shapes: &[&[usize]]) -> Result<Self, Error> {
        let refused = |reason: String| Error::Subscripts {
            subscripts: subscripts.to_owned(),
            reason,
        };
        let (inputs, output) = terms(subscripts).map_err(&refused)?;
        if inputs.len() != shapes.len() {
            let (terms, arrays) = (inputs.len(), shapes.len());
            return Err(refused(format!("{terms} terms for {arrays} arrays")));
        }
        let mut lengths = Lengths::new();
        for (number, (labels, shape)) in inputs.iter().zip(shapes).enumerate() {
            if labels.len() != shape.len() {
                let (letters, axes) = (labels.len(), shape.len());
                return Err(refused(format!(
                    "array {number} has {axes} dimensions and {letters} letters"
                )));
            }
            for (&label, &len) in labels.iter().zip(*shape) {
                measure(&mut lengths, label, len).map_err(&refused)?;
            }
            for (at, label) in labels.iter().enumerate() {
                let twin = labels[..at].iter().position(|other| other == label);
                if twin.is_some_and(|twin| shape[twin] != shape[at]) {
                    return Err(refused(format!(
                        "array {number} repeats {label:?} with different lengths"
                    )));
                }
            }
        }
        let output = output.unwrap_or_else(|| once(&inputs));
        for (at, label) in output.iter().enumerate() {
            if output[..at].contains(label) {
                return Err(refused(format!("the result repeats {label:?}")));
            }
            if !lengths.iter().any(|(known, _)| known == label) {
                return Err(refused(format!("{label:?} is of no array")));
            }
        }
        Ok(Sum {
            inputs,
            output,
            lengths,
        })
    }

    fn length(&self, label: char) -> usize {
        let found = self.lengths.iter().find(|(known, _)| *known == label);
        found.map_or(1, |&(_, len)| len)
    }

    /// Contracts two terms to one, which `out` holds where it is given: it has
    /// the axes of the result.
    fn pair<'a, 'b: 'a, T: Numeric>(
        &self,
        first: Term<'b, T>,
        second: Term<'b, T>,
        others: impl Iterator<Item = &'a Term<'b, T>>,
        out: Option<ArrayViewMutD<'_, T>>,
        workers: &Workers<'_>,
    ) -> Result<Term<'b, T>, Error> {
        let mut kept = self.output.clone();
        others.for_each(|term| kept.extend(term.labels.iter().copied()));
        let of_both = |own: &Term<'b, T>, other: &Term<'b, T>| -> Labels {
            let needed = |label: &&char| kept.contains(*label) || other.labels.contains(*label);
            own.labels.iter().filter(needed).copied().collect()
        };
        let (needed_first, needed_second) = (of_both(&first, &second), of_both(&second, &first));
        let (first, second) = (
            first.reduced(&needed_first)?,
            second.reduced(&needed_second)?,
        );

        let common = |label: &char| second.labels.contains(label);
        let (shared, left): (Labels, Labels) = first.labels.iter().copied().partition(common);
        let (batch, inner): (Labels, Labels) =
            shared.into_iter().partition(|label| kept.contains(label));
        let right = second.labels.iter().copied();
        let right: Labels = right
            .filter(|label| !first.labels.contains(label))
            .collect();

        let a = first.permuted(&[&batch, &left, &inner]);
        let b = second.permuted(&[&batch, &inner, &right]);
        let labels: Labels = [&batch, &left, &right]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        if let Some(out) = out {
            let order = labels.iter().map(|label| {
                let axis = self.output.iter().position(|other| other == label);
                axis.expect("what is kept to the end is in the result")
            });
            let order: Vec<_> = order.collect();
            let out = out.permuted_axes(order);
            contract(a, b, batch.len(), inner.len(), out, workers)?;
            let array = ArrayD::from_elem(IxDyn(&[]), T::ZERO).into();
            return Ok(Term {
                labels: Labels::new(),
                array,
            });
        }
        let shape: Vec<_> = labels.iter().map(|&label| self.length(label)).collect();
        let mut product = filled_array(&shape, T::ZERO)?;
        contract(a, b, batch.len(), inner.len(), product.view_mut(), workers)?;
        Ok(Term {
            labels,
            array: product.into(),
        })
    }
}

/// The labels of each array, and those of the result where there is an arrow.
fn terms(subscripts: &str) -> Result<(Terms, Option<Labels>), String> {
    let mut inputs: Terms = smallvec![Labels::new()];
    let mut output: Option<Labels> = None;
    let mut letters = subscripts.chars().filter(|c| !c.is_whitespace());
    while let Some(letter) = letters.next() {
        match (letter, &mut output) {
            (',', None) => inputs.push(Labels::new()),
            ('-', None) if letters.next() == Some('>') => output = Some(Labels::new()),
            (other, _) if other.is_ascii() && !other.is_alphabetic() => {
                return Err(format!("{other:?} is no letter"));
            }
            (label, Some(output)) => output.push(label),
            (label, None) => inputs.last_mut().expect("one at least").push(label),
        }
    }
    Ok((inputs, output))
}

/// Takes note of a length; a length of one goes with any.
fn measure(lengths: &mut Lengths, label: char, len: usize) -> Result<(), String> {
    let known = lengths.iter_mut().find(|(known, _)| *known == label);
    match known {
        None => lengths.push((label, len)),
        Some((_, known)) if *known == 1 => *known = len,
        Some((_, known)) if len != 1 && len != *known => {
            return Err(format!("{label:?} has the lengths {known} and {len}"));
        }
        Some(_) => {}
    }
    Ok(())
}

/// The labels that occur once, in alphabetical order.
fn once(inputs: &[Labels]) -> Labels {
    let all: Labels = inputs.iter().flatten().copied().collect();
    let mut once = all.clone();
    once.retain(|label| all.iter().filter(|other| *other == label).count() == 1);
    once.sort_unstable();
    once
}

/// An array and the labels of its axes, each once.
struct Term<'a, T: Numeric> {
    labels: Labels,
    array: CowArray<'a, T, IxDyn>,
}

impl<'a, T: Numeric> Term<'a, T> {
    /// An operand, with its repeated labels taken along the diagonal, and
    /// without the axes that broadcast.
    fn new(labels: &[char], operand: &'a ArrayViewD<'_, T>, plan: &Sum) -> Result<Self, Error> {
        let mut labels = Labels::from_slice(labels);
        let mut array = CowArray::from(operand.view());
        while let Some((first, second)) = repeated(&labels) {
            array = diagonal(&array.view(), first, second)?.into();
            labels.remove(second);
        }
        for axis in (0..labels.len()).rev() {
            if array.len_of(Axis(axis)) == 1 && plan.length(labels[axis]) != 1 {
                array = array.index_axis_move(Axis(axis), 0);
                labels.remove(axis);
            }
        }
        Ok(Term { labels, array })
    }

    fn axis(&self, label: char) -> usize {
        let axis = self.labels.iter().position(|&own| own == label);
        axis.expect("one of its labels")
    }

    /// Summed over all labels but these, the longest axis first, so that what is
    /// left in between is short.
    fn reduced(mut self, kept: &[char]) -> Result<Self, Error> {
        loop {
            let axes = (0..self.labels.len()).filter(|&axis| !kept.contains(&self.labels[axis]));
            let Some(axis) = axes.max_by_key(|&axis| self.array.len_of(Axis(axis))) else {
                return Ok(self);
            };
            let mut shape = self.array.shape().to_vec();
            shape.remove(axis);
            let mut sums = filled_array(&shape, T::ZERO)?;
            for (sum_of, lane) in sums.iter_mut().zip(self.array.lanes(Axis(axis))) {
                *sum_of = sum(lane);
            }
            self.array = sums.into();
            self.labels.remove(axis);
        }
    }

    /// With its axes in that order.
    fn permuted(&self, groups: &[&Labels]) -> ArrayViewD<'_, T> {
        let labels = groups.iter().copied().flatten();
        let order: SmallVec<[usize; 8]> = labels.map(|&label| self.axis(label)).collect();
        let array = self.array.view();
        if order.is_sorted() {
            return array;
        }
        array.permuted_axes(&order[..])
    }
}

/// Two axes of one label, if there are.
fn repeated(labels: &[char]) -> Option<(usize, usize)> {
    let mut pairs = (0..labels.len()).flat_map(|second| (0..second).map(move |i| (i, second)));
    pairs.find(|&(first, second)| labels[first] == labels[second])
}

/// A copy of the diagonal of two axes, at the place of the first.
fn diagonal<T: Numeric>(
    a: &ArrayView<'_, T, IxDyn>,
    first: usize,
    second: usize,
) -> Result<ArrayD<T>, Error> {
    let mut shape = a.shape().to_vec();
    shape.remove(second);
    let mut out = filled_array(&shape, T::ZERO)?;
    for (at, mut out) in out.axis_iter_mut(Axis(first)).enumerate() {
        out.assign(&a.index_axis(Axis(second), at).index_axis(Axis(first), at));
    }
    Ok(out)
}
