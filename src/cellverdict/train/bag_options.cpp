#include <cellverdict/train/bag_options.h>

namespace cellverdict {

const OptionTable<BagOptions>& bag_options() {
  static const auto table =
      OptionTable<BagOptions>("model.bag")
          .add("cell_encoder", &BagOptions::cell_encoder, "linear; mlp: (Linear–PReLU)×2", one_of({"linear", "mlp"}))
          .add("cell_width", &BagOptions::cell_width, "numbers a cell is encoded in", between(1, 65536))
          .add("aggregator", &BagOptions::aggregator,
               "from the cells of a patient to one vector; transformer: the sum of its cells, transformer-mean: their mean (ScRAT)",
               one_of({"mean", "sum", "linear-attention", "nonlinear-attention", "gated-attention", "transformer",
                       "transformer-mean"}))
          .add("attention_width", &BagOptions::attention_width, "hidden units of the attention", between(1, 65536))
          .add("transformer_heads", &BagOptions::transformer_heads, "must divide cell_width", between(1, 1024))
          .add("transformer_layers", &BagOptions::transformer_layers, "of the transformer", between(1, 64))
          .add("patient_width", &BagOptions::patient_width, "numbers a patient is encoded in", between(1, 65536))
          .add("cells", &BagOptions::cells, "drawn without replacement from each patient, anew each epoch; 0: all", at_least(0))
          .add("patients", &BagOptions::patients, "per step of the optimiser", between(1, 1 << 20))
          .add("balance", &BagOptions::balance, "how often each training patient is shown in an epoch",
               one_of({"none", "downsample-disease", "oversample-disease", "oversample-tissue", "oversample-disease-and-tissue"}))
          .add("tissue", &BagOptions::tissue, "obs column that balance means by tissue")
          .add("balance_and_class_weights", &BagOptions::balance_and_class_weights,
               "allow balance together with [train] class_weights, which both make up for rare classes")
          .add("mixup", &BagOptions::mixup,
               "patients made of two for each real one that is shown (ScRAT): pairs of their cells and both labels, mixed in one "
               "share",
               between(0, 100))
          .add("mixup_alpha", &BagOptions::mixup_alpha, "α of the Beta(α, α) from which that share is drawn; 1: any share alike",
               between(0.1, 4))
          .add("plateau_patience", &BagOptions::plateau_patience,
               "epochs without a lower validation loss before the learning rate falls; 0: never", at_least(0))
          .add("plateau_factor", &BagOptions::plateau_factor, "what the learning rate is then multiplied with", between(0, 1))
          .add("as_published_code", &BagOptions::as_published_code,
               "as PaSCient's code rather than its paper: padding counts in the softmax, tissues balanced after diseases");
  return table;
}

}  // namespace cellverdict
