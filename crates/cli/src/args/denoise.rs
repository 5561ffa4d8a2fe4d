//! What can be asked of `timestep denoise`?

use clap::Args;
use std::path::PathBuf;

/// `timestep denoise`
#[derive(Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct Denoise {
    /// Picture files (PNG, JPEG, TIFF; 8 bit, 16 bit and float), folders of them, or - for standard input
    #[arg(required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// File to write for one picture, or - for standard output; otherwise a folder, which gets the structure of the input
    /// folders [default: beside the input: photo.clean.jpg, folder.clean]
    #[arg(long, short, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
    /// How to restore: see `timestep list methods` [default: what --model was trained for; else blind, and trd for
    /// noise of a known level]
    #[arg(long, value_name = "NAME")]
    pub(crate) method: Option<String>,
    /// Weights of a trained method: a file, the folder of a run, or bundled ones [default: those in the program]
    #[arg(long, value_name = "WEIGHTS")]
    pub(crate) model: Option<PathBuf>,
    /// Standard deviation of the noise in grey levels of 0..255, or auto: measured, over brightness, for each channel at
    /// three resolutions [default: auto; with Gaussian --add-noise, what is added]
    #[arg(long, value_name = "N|auto", allow_hyphen_values = true)]
    pub(crate) sigma: Option<String>,
    /// Factor of the noise level: below 1 keeps more, above 1 removes more
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_hyphen_values = true
    )]
    pub(crate) strength: f64,
    /// Factor of the noise level of brightness
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_hyphen_values = true
    )]
    pub(crate) luma: f64,
    /// Factor of the noise level of colour differences
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_hyphen_values = true
    )]
    pub(crate) chroma: f64,
    /// Degrade the picture first, for demonstrations: a standard deviation, or one of `timestep list degradations`, such
    /// as camera:iso=6400
    #[arg(long, value_name = "N|NAME", allow_hyphen_values = true)]
    pub(crate) add_noise: Option<String>,
    /// Seed of the noise that is added
    #[arg(long, value_name = "N", default_value_t = 0, requires = "add_noise")]
    pub(crate) seed: u64,
    /// Clean picture, or folder of the same structure: print PSNR and SSIM
    #[arg(long, value_name = "CLEAN")]
    pub(crate) reference: Option<PathBuf>,
    /// Memory to keep to, such as 512M or 2G; the result is the same
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<String>,
    /// Replace outputs that exist; otherwise they are skipped
    #[arg(long)]
    pub(crate) force: bool,
    /// Allow a picture to be replaced by its result; without -o all are then
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Write a sheet instead, to choose a strength: the picture and half, once and one and a half times --strength, whole and
    /// their middle pixel by pixel
    #[arg(long, value_name = "FILE")]
    pub(crate) preview: Option<PathBuf>,
    /// Draw the noise that was measured in one picture, over brightness, as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
    /// Write the picture after every step of the method to this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) save_steps: Option<PathBuf>,
    /// Quality of JPEG files that are written [default: 95]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: Option<u8>,
    /// Exit with 1 unless this holds for the mean over the pictures, such as 'psnr>=28'
    #[arg(long, value_name = "CONDITION")]
    pub(crate) require: Vec<String>,
}

/// Shown at the end of its help.
const AFTER: &str = "\
Depth, alpha, colour profile, EXIF data and resolution are kept; the output's ending decides its kind.
Examples:
  timestep denoise photo.jpg                                      writes photo.clean.jpg
  timestep denoise noisy.png -o clean.png --strength 0.7
  timestep denoise photo.jpg --preview sheet.png                  shows three strengths
  exiftool -b -JpgFromRaw a.nef | timestep denoise - -o a.jpg
  timestep denoise photos -o restored --method bm3d --memory 512M
  timestep denoise clean.png -o out.png --add-noise 25 --seed 0   adds noise, removes it, measures";
