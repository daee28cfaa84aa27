"""ps4: epitomes: masks, costs, assignment, stratified batches, activity, and the whole epitomic VAE."""
