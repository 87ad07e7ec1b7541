"""Any vision-language model of transformers on this machine, asked as it is."""
