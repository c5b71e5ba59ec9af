from .fitting import fit_landmarks as fit_landmarks
from .nyul import apply_landmarks as apply_landmarks
from .stripe import white_stripe as white_stripe
from .tissue import reference_ratio as reference_ratio
